package i2pd_test

import (
	"os/exec"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

// assertNoZombie waits until nothing is left of a child that has ended: a process whose parent has not waited for it counts as alive.
func assertNoZombie(t testing.TB, pid int) {
	t.Helper()
	assert.Eventually(t, func() bool { return !alive(pid) }, 20*time.Second, time.Millisecond, "process %d is left", pid)
}

// TestNoZombies: whatever ends a child, and whoever looked after it then, nothing is left of it while this process runs.
func TestNoZombies(t *testing.T) {
	for name, end := range map[string]func(t *testing.T, r *i2pd.Router){
		"killed": func(t *testing.T, r *i2pd.Router) {
			require.NoError(t, syscall.Kill(r.Status().PID, syscall.SIGKILL))
		},
		"killed after it was left": func(t *testing.T, r *i2pd.Router) {
			pid, _ := leave(t, r)
			require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		},
		"killed after it was left twice": func(t *testing.T, r *i2pd.Router) {
			leave(t, r)
			n, _ := next(t, r)
			pid, _ := leave(t, n)
			require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		},
		"stopped":                   func(t *testing.T, r *i2pd.Router) { require.NoError(t, r.Stop()) },
		"stopped after it was left": func(t *testing.T, r *i2pd.Router) { leave(t, r); require.NoError(t, r.Stop()) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, _ := staying(t, "")
			require.NoError(t, r.Start(t.Context()))
			pid := r.Status().PID
			end(t, r)
			assertNoZombie(t, pid)
		})
	}
	t.Run("killed, without Stay", func(t *testing.T) {
		t.Parallel()
		r, _ := router(t, "")
		require.NoError(t, r.Start(t.Context()))
		pid := r.Status().PID
		require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
		assertNoZombie(t, pid)
	})
}

// TestHowItEndedAfterItWasLeft: the next Router of the same process is told by what its child died.
func TestHowItEndedAfterItWasLeft(t *testing.T) {
	first, _ := staying(t, "")
	leave(t, first)
	second, told := next(t, first)
	require.NoError(t, second.Start(t.Context()))
	require.NoError(t, syscall.Kill(second.Status().PID, syscall.SIGKILL))
	down := await(t, told, func(s i2pd.Status) bool { return s.State == i2pd.Down })
	var exit *exec.ExitError
	require.ErrorAs(t, down.Err, &exit)
	assert.Equal(t, syscall.SIGKILL, exit.Sys().(syscall.WaitStatus).Signal())
}
