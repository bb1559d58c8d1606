package addrbook_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
)

// TestFullDisk: on a file system without links a file is written in its place, and half of one would be read as damaged for ever.
func TestFullDisk(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, for a small disk")
	}
	dir := t.TempDir()
	tested := make(chan error)
	go func() {
		runtime.LockOSThread() // for ever: the disk ends with the thread
		err := syscall.Unshare(syscall.CLONE_FS | syscall.CLONE_NEWNS)
		if err == nil {
			err = syscall.Mount("", "/", "", syscall.MS_REC|syscall.MS_PRIVATE, "")
		}
		if err == nil {
			err = syscall.Mount("none", dir, "tmpfs", 0, "size=16k")
		}
		if err == nil {
			path := filepath.Join(dir, "feed.json")
			assert.ErrorIs(t, addrbook.CreateFile(path, bytes.Repeat([]byte("x"), 64<<10)), syscall.ENOSPC)
			assert.NoFileExists(t, path)
			assert.NoError(t, addrbook.CreateFile(path, []byte("x")))
		}
		tested <- err
	}()
	err := <-tested
	if errors.Is(err, syscall.EPERM) {
		t.Skip("no disks of its own here:", err)
	}
	require.NoError(t, err)
}
