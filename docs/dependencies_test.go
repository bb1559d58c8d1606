package docs_test

import (
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestDependencies: docs/dependencies.md gives a reason and a licence for each module in go.mod, and says which of them an
// embedder links.
func TestDependencies(t *testing.T) {
	mod, err := os.ReadFile("../go.mod")
	require.NoError(t, err)
	var required []string
	for _, m := range regexp.MustCompile(`(?m)^(?:require)?\s+(\S+\.\S+/?\S*) v`).FindAllStringSubmatch(string(mod), -1) {
		required = append(required, m[1])
	}
	require.NotEmpty(t, required)
	out, err := exec.CommandContext(t.Context(), "go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}{{end}}{{end}}", "..").Output()
	require.NoError(t, explainExit(err))
	linked := make(map[string]bool)
	for _, m := range strings.Fields(string(out)) {
		linked[m] = true
	}
	page, err := os.ReadFile("dependencies.md")
	require.NoError(t, err)
	var listed []string
	marked := make(map[string]bool)
	for _, row := range regexp.MustCompile(`(?m)^\| (\S+\.\S+) \| ([^|]+) \| ([^|]+) \| ?(yes)? ?\|\r?$`).FindAllStringSubmatch(string(page), -1) {
		listed = append(listed, row[1])
		if row[4] != "" {
			marked[row[1]] = true
		}
	}
	assert.ElementsMatch(t, required, listed)
	assert.Equal(t, linked, marked)
}
