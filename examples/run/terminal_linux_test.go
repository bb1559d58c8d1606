package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// terminal returns both ends of a new one.
func terminal(t *testing.T) (keys, screen *os.File) {
	t.Helper()
	keys, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals:", err)
	}
	t.Cleanup(func() { keys.Close() })
	require.NoError(t, unix.IoctlSetPointerInt(int(keys.Fd()), unix.TIOCSPTLCK, 0))
	n, err := unix.IoctlGetInt(int(keys.Fd()), unix.TIOCGPTN)
	require.NoError(t, err)
	screen, err = os.OpenFile(fmt.Sprint("/dev/pts/", n), os.O_RDWR|unix.O_NOCTTY, 0)
	require.NoError(t, err)
	return keys, screen
}

// TestKeysReachTheProgramOnce: to many programs a second interrupt means to end at once.
func TestKeysReachTheProgramOnce(t *testing.T) {
	needNamespaces(t)
	keys, screen := terminal(t)
	script := `trap 'echo interrupted' INT; trap 'echo done; exit' USR1; echo ready; while :; do read line; done`
	cmd := command(t, nil, "-sam", newWorld(t).sam, "-q", "--", "bash", "-c", script)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = screen, screen, screen
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	require.NoError(t, cmd.Start())
	screen.Close()
	lines := bufio.NewReader(keys)
	next := func() string {
		line, err := lines.ReadString('\n')
		require.NoError(t, err)
		return strings.TrimSpace(line)
	}
	require.Equal(t, "ready", next())
	io.WriteString(keys, "\x03")
	require.Contains(t, next(), "interrupted")
	require.NoError(t, cmd.Process.Signal(syscall.SIGUSR1)) // which is passed on behind what else is
	assert.Equal(t, "done", next(), "a second interrupt")
	require.NoError(t, cmd.Wait())
}
