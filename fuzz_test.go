package i2psocks_test

import (
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFuzzTargets: OSS-Fuzz is told of every fuzz target, each has seeds in the repository, which are small, and a name by which
// its build finds no other: it looks for the beginning of one in all files below the package.
func TestFuzzTargets(t *testing.T) {
	text, err := os.ReadFile(".github/oss-fuzz/targets.txt")
	require.NoError(t, err)
	listed := strings.Fields(strings.ReplaceAll(string(text), " ", "/"))
	var found []string
	err = filepath.WalkDir(".", func(file string, d fs.DirEntry, err error) error {
		if err == nil && d.IsDir() && len(file) > 1 && file[0] == '.' {
			return fs.SkipDir
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(file, "_test.go") {
			return err
		}
		code, err := os.ReadFile(file)
		for _, m := range regexp.MustCompile(`(?m)^func (Fuzz\w*)\(f \*testing\.F\)`).FindAllSubmatch(code, -1) {
			dir, _ := path.Split(filepath.ToSlash(file))
			found = append(found, fmt.Sprintf("%s/%s", strings.TrimSuffix("./"+dir, "/"), m[1]))
		}
		return err
	})
	require.NoError(t, err)
	for i, target := range found {
		found[i] = strings.TrimPrefix(target, "./")
		if strings.Count(target, "/") == 1 {
			found[i] = target // of the root
		}
	}
	assert.ElementsMatch(t, found, listed)

	const total = 300 << 10
	size := int64(0)
	for _, target := range listed {
		dir, name := path.Split(target)
		for _, other := range listed {
			below := dir == "./" || strings.HasPrefix(other, dir)
			assert.False(t, target != other && below && strings.HasPrefix(path.Base(other), name), "%s is found by the name of %s", other, target)
		}
		seeds, err := os.ReadDir(filepath.Join(filepath.FromSlash(dir), "testdata", "fuzz", name))
		assert.NoError(t, err)
		assert.NotEmpty(t, seeds, target)
		for _, s := range seeds {
			fi, err := s.Info()
			require.NoError(t, err)
			size += fi.Size()
		}
	}
	assert.Less(t, size, int64(total))
}
