package main

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestMain lets the test be the program that runs its parts.
func TestMain(m *testing.M) {
	if slices.Contains(os.Args, "-role") {
		main()
		return
	}
	os.Exit(m.Run())
}

func TestBench(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("memory and processor time are read from /proc")
	}
	for _, via := range []string{"tcp", "sam"} {
		t.Run(via, func(t *testing.T) {
			var out bytes.Buffer
			log, err := os.Create(filepath.Join(t.TempDir(), "log")) // a file, as several programs write to it
			require.NoError(t, err)
			defer log.Close()
			args := strings.Fields("-rounds 1 -time 50ms -mib 4 -idle 20 -settle 100ms -via " + via)
			if err := run(t.Context(), args, &out, log); err != nil {
				text, _ := os.ReadFile(log.Name())
				require.NoError(t, err, "%s", text)
			}
			for _, want := range []string{"connects/s", "download, MiB/s", "upload, MiB/s", "idle stream, KiB", "ratio"} {
				assert.Contains(t, out.String(), want)
			}
			assert.NotContains(t, out.String(), "NaN")
		})
	}
	assert.ErrorContains(t, run(t.Context(), []string{"-role", "none"}, os.Stdout, os.Stderr), "unknown role")
}
