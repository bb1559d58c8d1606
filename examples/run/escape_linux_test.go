package main

import (
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// escape is run inside, and prints what it has got hold of.
func escape(args []string) {
	pair, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM, 0)
	if err == nil {
		err = unix.Sendto(pair[0], []byte("leak"), 0, &unix.SockaddrUnix{Name: args[0]})
	}
	fmt.Println("datagram:", err)
	_, err = unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	fmt.Println("pair:", err)
	for _, path := range []string{"/proc/sys/kernel/core_pattern", "/proc/sysrq-trigger"} {
		f, err := os.OpenFile(path, os.O_WRONLY, 0)
		if err == nil {
			fmt.Println("opened:", path)
			f.Close()
		}
		if path == "/proc/sys/kernel/core_pattern" {
			fmt.Println("refused:", errors.Is(err, os.ErrPermission) || errors.Is(err, unix.EROFS))
		}
	}
	attr := &syscall.ProcAttr{Files: []uintptr{0, 1, 2}, Sys: &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWUSER}}
	_, err = syscall.ForkExec("/bin/true", []string{"true"}, attr)
	fmt.Println("user namespace:", err)
	devices, _ := filepath.Glob("/dev/*")
	for i, d := range devices {
		devices[i] = filepath.Base(d)
	}
	fmt.Println("devices:", devices)
	os.WriteFile("/dev/null", []byte("x"), 0)
	tty, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	fmt.Println("terminal:", err)
	tty.Close()
	if files, err := os.ReadDir("/proc/1/task"); err == nil {
		for _, f := range files {
			for _, name := range []string{"mem", "environ", "root", "maps"} {
				if _, err := os.Open(filepath.Join("/proc/1/task", f.Name(), name)); err == nil {
					fmt.Println("opened:", name, "of init")
				}
			}
		}
	}
}

func TestWaysAroundTheNamespaces(t *testing.T) {
	needNamespaces(t)
	w := newWorld(t)
	for name, user := range users(t) {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(open(t), "socket")
			outside, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
			require.NoError(t, err)
			defer outside.Close()
			require.NoError(t, os.Chmod(path, 0o777))
			self := command(t, user).Path
			r := w.run(t, user, []string{"RUN_TEST_PROBE="}, "--", "env", "RUN_TEST_PROBE=escape", self, path)
			require.Zero(t, r.code)
			assert.Contains(t, r.output, "datagram: protocol not supported")
			assert.Contains(t, r.output, "pair: <nil>")
			assert.Contains(t, r.output, "refused: true")
			assert.Contains(t, r.output, "user namespace: no space left on device")
			assert.Contains(t, r.output, "devices: [fd full null ptmx pts random shm stderr stdin stdout tty urandom zero]")
			assert.Contains(t, r.output, "terminal: <nil>")
			assert.NotContains(t, r.output, "opened")
			require.NoError(t, outside.SetReadDeadline(time.Now()))
			_, err = outside.Read(make([]byte, 10))
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "nothing has come out")
		})
	}
}

// TestInitIsClosed: the threads of init that have no privileges are no way to those that have.
func TestInitIsClosed(t *testing.T) {
	needNamespaces(t)
	if os.Getuid() != 0 {
		t.Skip("needs a user who is not root nor nobody")
	}
	r := newWorld(t).run(t, &syscall.Credential{Uid: 12345, Gid: 12345}, nil, "--", "stat", "-c", "owner %u", "/proc/1/environ")
	assert.Contains(t, r.output, "owner 65534", "root, who is nobody inside: so are processes owned that must not be looked into")
}

func TestNoRouter(t *testing.T) {
	needNamespaces(t)
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := ln.Addr().String()
	ln.Close()
	for _, flags := range [][]string{nil, {"-unconfined"}} {
		out, err := command(t, nil, append(append([]string{"-sam", address}, flags...), "--", "echo", "hello")...).CombinedOutput()
		code, err := exitCode(err)
		require.NoError(t, err)
		assert.Equal(t, exitFailed, code)
		assert.Contains(t, string(out), "start an I2P router, enable SAM, and give its address with -sam; the program was not started")
		assert.NotContains(t, string(out), "hello")
	}
}
