package docs_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// markdown returns the pages of the repository, relative to its root.
func markdown(t *testing.T) []string {
	list := exec.CommandContext(t.Context(), "git", "ls-files", "*.md")
	list.Dir = ".."
	if out, err := list.Output(); err == nil {
		return strings.Fields(string(out))
	}
	var pages []string // of a copy without git
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/hosts/*.md", "socks/*.md", "dialer/samtest/*.md"} {
		found, err := filepath.Glob("../" + pattern)
		require.NoError(t, err)
		for _, page := range found {
			pages = append(pages, strings.TrimPrefix(filepath.ToSlash(page), "../"))
		}
	}
	return pages
}

// TestLinks: the files, headings, folders and packages that the pages name exist.
func TestLinks(t *testing.T) {
	pages := markdown(t)
	require.Contains(t, pages, "README.md")
	for _, page := range pages {
		folder := filepath.Join("..", filepath.Dir(page))
		text := read(t, filepath.Join("..", page))
		for _, link := range regexp.MustCompile(`\]\(([^)\s]+)\)`).FindAllStringSubmatch(text, -1) {
			if strings.Contains(link[1], "://") {
				continue
			}
			file, anchor, _ := strings.Cut(link[1], "#")
			target := filepath.Join(folder, file)
			if file == "" {
				target = filepath.Join("..", page)
			}
			if _, err := os.Stat(target); assert.NoError(t, err, page) && anchor != "" {
				assert.Contains(t, anchors(read(t, target)), anchor, page)
			}
		}
		for _, name := range regexp.MustCompile("[ `(]\\./((?:examples|dialer|socks|keys|addrbook|internal)/[a-z0-9/]+)").FindAllStringSubmatch(text, -1) {
			assert.DirExists(t, filepath.Join("..", name[1]), page)
		}
		for _, name := range regexp.MustCompile("`((?:examples|dialer|socks|keys|addrbook|docs|\\.ci|\\.github)/[a-zA-Z0-9_./-]*[a-zA-Z0-9])`").FindAllStringSubmatch(text, -1) {
			if strings.Contains(name[1], "X.Y.Z") { // the tag of a release
				continue
			}
			_, inRoot := os.Stat(filepath.Join("..", name[1]))
			_, inFolder := os.Stat(filepath.Join(folder, name[1]))
			assert.True(t, inRoot == nil || inFolder == nil, "%s: %s", page, name[1])
		}
	}
}

func read(t *testing.T, file string) string {
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}

// anchors returns the names that GitHub gives to the headings of a page.
func anchors(page string) (names []string) {
	drop := regexp.MustCompile(`[^\pL\pN_ -]`)
	for _, heading := range regexp.MustCompile(`(?m)^#+ (.*?)\r?$`).FindAllStringSubmatch(page, -1) {
		names = append(names, strings.ReplaceAll(drop.ReplaceAllString(strings.ToLower(heading[1]), ""), " ", "-"))
	}
	return names
}
