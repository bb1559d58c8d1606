package socks_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLessonsHaveTests checks that LESSONS.md names every lesson once, and only tests that are there.
func TestLessonsHaveTests(t *testing.T) {
	tests := make(map[string]bool)
	for _, pattern := range []string{"*_test.go", "internal/wire/*_test.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(\w+ \*testing\.[TF]\)`).FindAllSubmatch(text, -1) {
				tests[string(m[1])] = true
			}
		}
	}
	require.NotEmpty(t, tests)

	text, err := os.ReadFile("LESSONS.md")
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^\| (\d+) \| [^|]+ \| ([^|]+) \|\r?$`).FindAllSubmatch(text, -1)
	require.Len(t, rows, 37)
	for i, row := range rows {
		assert.Equal(t, strconv.Itoa(i+1), string(row[1]))
		for _, name := range regexp.MustCompile("`([^`]+)`").FindAllSubmatch(row[2], -1) {
			assert.True(t, tests[string(name[1])], "lesson %d: no test %s", i+1, name[1])
		}
	}
}
