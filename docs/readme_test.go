package docs_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// frame is what a reader has around a part of a program.
const frame = `package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"

	"github.com/go-i2p/i2psocks"
)

func main() {
	ctx, stateDir, cmd := context.Background(), os.Getenv("TEST_STATE"), exec.Command("true")
PART
	defer ep.Close()
	if err != nil {
		panic(err)
	}
	fmt.Println(ln.Addr(), irc.RemoteAddr(), px.Addr(), len(cmd.Env) > 0)
}
`

// TestDocumentedPrograms builds and runs the programs of README.md and doc.go as they stand there, but for the address of
// the bridge: the router of a test is not at the usual one.
func TestDocumentedPrograms(t *testing.T) {
	nw := documentedHosts(t)
	readme, err := os.ReadFile("../README.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```go\r?\n(.*?)```").FindAllStringSubmatch(string(readme), -1)
	require.Len(t, blocks, 2)
	doc, err := os.ReadFile("../doc.go")
	require.NoError(t, err)
	lines := regexp.MustCompile(`(?m)^//\t(.*)$`).FindAllStringSubmatch(string(doc), -1)
	require.NotEmpty(t, lines)
	var part []string
	for _, line := range lines {
		part = append(part, line[1])
	}
	for name, tc := range map[string]struct{ program, prints string }{
		"README, whole program": {blocks[0][1], `^a page$`},
		"README, part":          {framed(blocks[1][1]), `^\S+\.b32\.i2p:80 \S+:6667 127\.0\.0\.1:\d+ true\n$`},
		"doc.go":                {framed(strings.Join(part, "\n")), `^\S+\.b32\.i2p:80 \S+:6667 127\.0\.0\.1:\d+ true\n$`},
	} {
		t.Run(name, func(t *testing.T) {
			program := strings.Replace(tc.program, "&i2psocks.Endpoint{", `&i2psocks.Endpoint{SAM: os.Getenv("TEST_SAM"), `, 1)
			require.NotEqual(t, tc.program, program)
			cmd := exec.CommandContext(t.Context(), buildMain(t, program))
			cmd.Env = append(os.Environ(), "TEST_SAM="+nw.Start(nil).Addr(), "TEST_STATE="+t.TempDir())
			out, err := cmd.Output()
			require.NoError(t, explainExit(err))
			assert.Regexp(t, tc.prints, string(out))
		})
	}
}

// framed makes a program of a part, and marks what the part does not use as used.
func framed(part string) string {
	for _, name := range []string{"resp", "conn"} {
		if strings.Contains(part, name+", err :=") {
			part += "\n_ = " + name
		}
	}
	return strings.Replace(frame, "PART", part, 1)
}

// buildMain compiles a main package as if it stood in this module.
func buildMain(t *testing.T, program string) (path string) {
	dir := t.TempDir()
	source := filepath.Join(dir, "main.go")
	require.NoError(t, os.WriteFile(source, []byte(program), 0o600))
	root, err := filepath.Abs("..")
	require.NoError(t, err)
	overlay, err := json.Marshal(map[string]any{"Replace": map[string]string{filepath.Join(root, "documented", "main.go"): source}})
	require.NoError(t, err)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600))
	path = filepath.Join(dir, "program")
	build := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", path, "./documented")
	build.Dir = root
	out, err := build.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return path
}
