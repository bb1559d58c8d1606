package i2pd_test

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

// TestHungChild: a child that is there and says nothing is replaced.
func TestHungChild(t *testing.T) {
	t.Parallel()
	r, told := router(t, "")
	r.SetPulse(300 * time.Millisecond)
	address, err := r.Address(t.Context())
	require.NoError(t, err)
	pid := r.Status().PID
	require.NoError(t, syscall.Kill(pid, syscall.SIGSTOP))
	down := await(t, told, func(s i2pd.Status) bool { return s.State == i2pd.Down })
	assert.ErrorIs(t, down.Err, i2pd.ErrNoSAM)
	assert.ErrorIs(t, down.Err, os.ErrDeadlineExceeded)
	assert.ErrorIs(t, syscall.Kill(pid, 0), syscall.ESRCH, "it is gone")
	again, err := r.Address(t.Context())
	require.NoError(t, err)
	assert.Equal(t, address, again)
	assert.Equal(t, 1, r.Status().Restarts)
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
	address := await(t, told, func(s i2pd.Status) bool { return s.PID != 0 }).Address
	thief, err := net.Listen("tcp", address)
	require.NoError(t, err)
	defer thief.Close()
	go func() {
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
	assert.ErrorIs(t, <-started, i2pd.ErrNoSAM, "it waits for its own")
}
