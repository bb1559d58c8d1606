package samtest

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestQuirksHaveTests checks that QUIRKS.md has a row for each quirk, and names only tests that are there.
func TestQuirksHaveTests(t *testing.T) {
	tests := make(map[string]bool)
	for _, pattern := range []string{"*_test.go", "../sam/*_test.go", "../internal/wire/*_test.go"} {
		files, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, files, pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			for _, m := range regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(\w+ \*testing\.[TF]\)`).FindAllSubmatch(text, -1) {
				tests[string(m[1])] = true
			}
		}
	}
	text, err := os.ReadFile("QUIRKS.md")
	require.NoError(t, err)
	rows := regexp.MustCompile(`(?m)^\| ([A-Z]\d+) \| [^|]+ \| [^|]+ \| [^|]+ \| [^|]+ \| ([^|]+) \|\r?$`).FindAllSubmatch(text, -1)
	require.Len(t, rows, 55)
	seen := make(map[string]bool)
	for _, row := range rows {
		number := string(row[1])
		assert.False(t, seen[number], "%s comes twice", number)
		seen[number] = true
		named := regexp.MustCompile("`(Test|Fuzz)").Match(row[2])
		assert.True(t, named || string(row[2][:5]) == "none:", "%s has no test and no reason", number)
	}
	for _, name := range regexp.MustCompile("`((?:Test|Fuzz)[^`]*)`").FindAllSubmatch(text, -1) {
		assert.True(t, tests[string(name[1])], "no test %s", name[1])
	}
}
