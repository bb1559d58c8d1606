package i2pd

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestOwnsWithoutTheFiles: a program that may not see which sockets its child has is content when
// the port is one of its own user's.
func TestOwnsWithoutTheFiles(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	const proc = "/proc/1" // any process of root's that is not this one
	ln, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	port := ln.Addr().(*net.TCPAddr).Port
	assert.NoError(t, owns(fmt.Sprint("/proc/", os.Getpid()), port))
	assert.ErrorIs(t, owns(proc, port), ErrPortTaken, "another process")

	done := make(chan error)
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread goes with the goroutine
		if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, 65534, 65534, 65534); e != 0 {
			done <- e
			return
		}
		_, err := os.ReadDir(proc + "/fd")
		assert.ErrorIs(t, err, os.ErrPermission)
		assert.ErrorIs(t, owns(proc, port), ErrPortTaken, "another user's")
		ln, err := net.Listen("tcp4", "127.0.0.1:0")
		if assert.NoError(t, err) {
			defer ln.Close()
			port := ln.Addr().(*net.TCPAddr).Port
			assert.NoError(t, owns(proc, port))
			ln.Close()
			assert.ErrorIs(t, owns(proc, port), ErrPortTaken, "nothing listens")
		}
	}()
	require.NoError(t, <-done)
}
