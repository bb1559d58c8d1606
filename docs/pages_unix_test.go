//go:build unix

package docs_test

import (
	"bufio"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// printed is what the program of each page prints first.
var printed = map[string]string{
	"embed":   `^ready at 127\.0\.0\.1:\d+$`,
	"client":  `^true irc\.postman\.i2p:6667$`,
	"isolate": `^2 identities$`,
	"serve":   `^http://\S+\.b32\.i2p:80$`,
	"routers": `^up$`,
}

// TestPages builds and runs the programs of docs as they stand there, but for the address of the bridge, and ends those that go on
// by a signal.
func TestPages(t *testing.T) {
	nw := documentedHosts(t)
	pages, err := filepath.Glob("*.md")
	require.NoError(t, err)
	programs := 0
	for _, page := range pages {
		source, err := os.ReadFile(page)
		require.NoError(t, err)
		for _, block := range regexp.MustCompile("(?s)```go\r?\n(.*?)```").FindAllStringSubmatch(string(source), -1) {
			programs++
			name := strings.TrimSuffix(filepath.Base(page), ".md")
			t.Run(name, func(t *testing.T) {
				require.Contains(t, printed, name)
				sam := fmt.Sprintf("&i2psocks.Endpoint{SAM: %q, ", nw.Start(nil).Addr())
				program := strings.ReplaceAll(block[1], "&i2psocks.Endpoint{", sam)
				require.NotEqual(t, block[1], program)
				runPage(t, buildMain(t, program), printed[name])
			})
		}
	}
	assert.Equal(t, len(printed), programs)
}

func runPage(t *testing.T, path, prints string) {
	cmd := exec.CommandContext(t.Context(), path)
	cmd.Dir = t.TempDir()
	stderr := new(strings.Builder)
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	timer := time.AfterFunc(time.Minute, func() { cmd.Process.Kill() })
	defer timer.Stop()
	lines := bufio.NewScanner(out)
	lines.Scan()
	assert.Regexp(t, prints, lines.Text())
	cmd.Process.Signal(os.Interrupt) // no error counts: it may have ended
	for lines.Scan() {
	}
	err = cmd.Wait()
	if exit, ok := err.(*exec.ExitError); ok && exit.String() == "signal: interrupt" {
		err = nil // one that was about to end
	}
	assert.NoError(t, err, stderr.String())
}

// TestHostPages: what the pages of docs/hosts show is in the programs that they are about, and so built and tested with them.
func TestHostPages(t *testing.T) {
	pages, err := filepath.Glob("hosts/*.md")
	require.NoError(t, err)
	require.NotEmpty(t, pages)
	for _, page := range pages {
		source, err := os.ReadFile(page)
		require.NoError(t, err)
		name := strings.TrimSuffix(filepath.Base(page), ".md")
		files, err := filepath.Glob(filepath.Join("..", "examples", name, "*.go"))
		require.NoError(t, err)
		program := new(strings.Builder)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			program.Write(text)
		}
		blocks := regexp.MustCompile("(?s)```go\r?\n(.*?)```").FindAllStringSubmatch(string(source), -1)
		assert.NotEmpty(t, blocks, page)
		for _, block := range blocks {
			assert.Contains(t, program.String(), block[1], page)
		}
		assert.Contains(t, string(source), "cd examples/"+name+" && ", page)
	}
}
