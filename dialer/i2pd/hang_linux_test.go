package i2pd_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

// stop stops a process, and returns when none of its threads runs any more.
func stop(t *testing.T, pid int) {
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	require.Eventually(t, func() bool {
		threads, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/stat", pid))
		for _, thread := range threads {
			stat, _ := os.ReadFile(thread)
			if !strings.Contains(string(stat), ") T ") {
				return false
			}
		}
		return err == nil
	}, 10*time.Second, time.Millisecond)
}

// TestHungChild: a child that is there and says nothing is replaced.
func TestHungChild(t *testing.T) {
	t.Parallel()
	r, told := router(t, "")
	r.SetPulse(300 * time.Millisecond)
	address, err := r.Address(t.Context())
	require.NoError(t, err)
	pid := r.Status().PID
	stop(t, pid)
	down := await(t, told, func(s i2pd.Status) bool { return s.State == i2pd.Down })
	assert.ErrorIs(t, down.Err, i2pd.ErrNoSAM)
	assert.ErrorIs(t, down.Err, os.ErrDeadlineExceeded)
	assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, "it is gone")
	again, err := r.Address(t.Context())
	require.NoError(t, err)
	assert.Equal(t, address, again)
	assert.Equal(t, 1, r.Status().Restarts)
}

// thiefOf takes an address and answers there as nobody's process.
func thiefOf(t *testing.T, address string) {
	thief, err := net.Listen("tcp", address)
	require.NoError(t, err)
	done := make(chan struct{})
	t.Cleanup(func() { thief.Close(); <-done })
	go func() {
		defer close(done)
		runtime.LockOSThread() // for good: the thread goes with the goroutine
		if _, _, e := syscall.RawSyscall(syscall.SYS_SETRESUID, 65534, 65534, 65534); e != 0 {
			return
		}
		for {
			conn, err := thief.Accept()
			if err != nil {
				return
			}
			fmt.Fprintln(conn, "HELLO REPLY RESULT=OK VERSION=3.3")
			defer conn.Close()
		}
	}()
}

// TestForeignUser: a bridge of another user's is no sign of life of the child's.
func TestForeignUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	r, told := router(t, "absent")
	r.StartTimeout = 300 * time.Millisecond
	started := make(chan error)
	go func() { started <- r.Start(t.Context()) }()
	thiefOf(t, await(t, told, func(s i2pd.Status) bool { return s.PID != 0 }).Address)
	assert.ErrorIs(t, <-started, i2pd.ErrNoSAM, "it waits for its own")
}

func TestDialSAM(t *testing.T) {
	r, told := router(t, "")
	conn, err := r.DialSAM(t.Context())
	require.NoError(t, err)
	defer conn.Close()
	assert.Equal(t, r.Status().Address, conn.RemoteAddr().String())
	_, err = fmt.Fprintln(conn, "HELLO VERSION MIN=3.1 MAX=3.3")
	require.NoError(t, err)
	reply := make([]byte, 100)
	n, err := conn.Read(reply)
	require.NoError(t, err)
	assert.Contains(t, string(reply[:n]), "RESULT=OK")

	stop(t, r.Status().PID)
	_, err = r.DialSAM(within(t, 100*time.Millisecond))
	assert.ErrorIs(t, err, context.DeadlineExceeded, "it is not taken")
	require.NoError(t, syscall.Kill(r.Status().PID, syscall.SIGCONT))
	require.NoError(t, r.Close())
	await(t, told, func(s i2pd.Status) bool { return s.State == i2pd.Closed })
	_, err = r.DialSAM(t.Context())
	assert.ErrorIs(t, err, i2pd.ErrClosed)
}

// TestDialSAMMeetsAThief: who has taken the port while the child was stopped for good is not spoken to.
func TestDialSAMMeetsAThief(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	r, _ := router(t, "leaves") // lives on without its port
	address, err := r.Address(t.Context())
	require.NoError(t, err)
	require.Eventually(t, func() bool { return gone(address) }, 10*time.Second, time.Millisecond) // the second to come ends it
	thiefOf(t, address)
	require.Equal(t, i2pd.Up, r.Status().State)
	_, err = r.DialSAM(t.Context())
	assert.ErrorIs(t, err, i2pd.ErrPortTaken)
}
