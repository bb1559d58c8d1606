package main

import (
	"bytes"
	"context"
	"debug/buildinfo"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"runtime"
	"strings"
)

// buildGoSocks5 builds the relay that is a module of its own, so that this one needs nothing of what it needs.
func buildGoSocks5(ctx context.Context, to string) (program string, err error) {
	_, here, _, _ := runtime.Caller(0)
	source := filepath.Join(filepath.Dir(here), "gosocks5")
	if _, err := os.Stat(source); err != nil {
		return "", errors.New("its source is not on this machine")
	}
	program = filepath.Join(to, "gosocks5")
	if runtime.GOOS == "windows" {
		program += ".exe"
	}
	cmd := exec.CommandContext(ctx, "go", "build", "-o", program, ".")
	cmd.Dir = source
	cmd.Env = append(os.Environ(), "GOWORK=off")
	if out, err := cmd.CombinedOutput(); err != nil {
		first, _, _ := strings.Cut(string(bytes.TrimSpace(out)), "\n")
		return "", fmt.Errorf("go build: %w: %s", err, first)
	}
	return program, nil
}

// versions names the libraries that a program was built from, of those that it is about.
func versions(program string) string {
	info, err := buildinfo.ReadFile(program)
	if err != nil {
		return err.Error()
	}
	var found []string
	for _, m := range info.Deps {
		if name := path.Base(m.Path); name == "go-socks5" || name == "onramp" || name == "sam3" {
			found = append(found, name+" "+m.Version)
		}
	}
	return strings.Join(found, ", ")
}
