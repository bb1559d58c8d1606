package i2pd_test

import (
	"bufio"
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

// staying returns a Router whose child stays until the test ends.
func staying(t testing.TB, how string) (*i2pd.Router, <-chan i2pd.Status) {
	r, told := router(t, how)
	r.Stay = true
	t.Cleanup(func() { assert.NoError(t, r.Stop()) })
	return r, told
}

// next returns a Router on the same folder, as the next start of the host has one.
func next(t testing.TB, r *i2pd.Router) (*i2pd.Router, <-chan i2pd.Status) {
	n, told := staying(t, "")
	n.Dir, n.Args = r.Dir, r.Args
	return n, told
}

func alive(pid int) bool { return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) }

// leave starts a child and closes its Router.
func leave(t testing.TB, r *i2pd.Router) (pid int, address string) {
	address, err := r.Address(t.Context())
	require.NoError(t, err)
	pid = r.Status().PID
	require.NoError(t, r.Close())
	s := r.Status()
	assert.Equal(t, []any{i2pd.Closed, 0, address}, []any{s.State, s.PID, s.Address})
	require.True(t, alive(pid))
	require.False(t, gone(address))
	return pid, address
}

// TestStay: a child is handed from host to host, looked after by each, and ended by the last.
func TestStay(t *testing.T) {
	first, _ := staying(t, "")
	pid, address := leave(t, first)
	second, _ := next(t, first)
	same, sameAddress := leave(t, second)
	assert.Equal(t, pid, same)
	assert.Equal(t, address, sameAddress)

	third, told := next(t, first)
	require.NoError(t, third.Start(t.Context()))
	assert.Equal(t, pid, third.Status().PID)
	conn, err := third.DialSAM(t.Context())
	require.NoError(t, err)
	conn.Close()
	fourth, _ := next(t, first)
	assert.ErrorIs(t, fourth.Start(t.Context()), i2pd.ErrInUse, "it is looked after")
	assert.ErrorIs(t, fourth.Stop(), i2pd.ErrInUse)
	require.NoError(t, syscall.Kill(pid, syscall.SIGKILL))
	down := await(t, told, func(s i2pd.Status) bool { return s.State == i2pd.Down })
	var exit *i2pd.ExitError
	assert.ErrorAs(t, down.Err, &exit)
	again, err := third.Address(t.Context())
	require.NoError(t, err)
	assert.Equal(t, address, again)
	assert.NotEqual(t, pid, third.Status().PID)

	pid, _ = leave(t, third)
	require.NoError(t, third.Stop(), "after Close, too")
	assert.False(t, alive(pid))
	assert.True(t, gone(address))
}

// TestStayPastTheHost: a host that is killed leaves its child to the next.
func TestStayPastTheHost(t *testing.T) {
	r, _ := staying(t, "")
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "I2PD_TEST_HOST=stay", "I2PD_TEST_DIR="+r.Dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(out).ReadString('\n')
	require.NoError(t, err)
	address, ok := strings.CutSuffix(line, " <nil>\n")
	require.True(t, ok, line)
	require.NoError(t, cmd.Process.Kill())
	cmd.Wait()

	got, err := r.Address(t.Context())
	require.NoError(t, err)
	assert.Equal(t, address, got)
	children, err := os.ReadFile("/proc/thread-self/children")
	require.NoError(t, err)
	pid := r.Status().PID
	assert.NotContains(t, strings.Fields(string(children)), pid, "it is the dead host's")
	require.NoError(t, r.Stop())
	assert.True(t, gone(address))
}

// TestStayPastAShortHost: a host that ends before the child that was left has answered it leaves that to the next, too.
func TestStayPastAShortHost(t *testing.T) {
	t.Parallel()
	first, _ := staying(t, "")
	pid, address := leave(t, first)
	stop(t, pid) // so that it does not answer
	short, told := next(t, first)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- short.Start(ctx) }()
	await(t, told, func(s i2pd.Status) bool { return s.PID == pid })
	cancel()
	require.ErrorIs(t, <-ended, context.Canceled)
	require.NoError(t, short.Close())
	require.True(t, alive(pid))
	require.NoError(t, syscall.Kill(pid, syscall.SIGCONT))
	again, _ := next(t, first)
	got, err := again.Address(t.Context())
	require.NoError(t, err)
	assert.Equal(t, address, got)
	assert.Equal(t, pid, again.Status().PID)
}

// TestLeftIsEnded: what was left and is not what the next host wants is ended before another is started.
func TestLeftIsEnded(t *testing.T) {
	for name, change := range map[string]func(*i2pd.Router){
		"other settings":     func(r *i2pd.Router) { r.Args = append(r.Args, "--bandwidth=P") },
		"to end with it":     func(r *i2pd.Router) { r.Stay = false },
		"unknown settings":   func(r *i2pd.Router) { os.Remove(filepath.Join(r.Dir, "child.json")) },
		"damaged settings":   func(r *i2pd.Router) { os.WriteFile(filepath.Join(r.Dir, "child.json"), []byte("{"), 0o600) },
		"another router":     func(r *i2pd.Router) { os.Symlink(r.Path, r.Dir+"-i2pd"); r.Path = r.Dir + "-i2pd" },
		"a port of its own":  func(r *i2pd.Router) { r.Port = freePort(t) },
		"without SAM":        func(*i2pd.Router) {},
		"SAM that is mute":   func(*i2pd.Router) {},
		"stopped, as frozen": func(*i2pd.Router) {},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			how := map[string]string{"without SAM": "leaves", "SAM that is mute": "once"}[name]
			first, _ := staying(t, how)
			pid, address := leave(t, first) // asks it twice
			second, told := next(t, first)
			change(second)
			second.StartTimeout = 5 * time.Second
			switch name {
			case "without SAM":
				require.Eventually(t, func() bool { return gone(address) }, 10*time.Second, time.Millisecond)
			case "stopped, as frozen":
				stop(t, pid)
			}
			require.NoError(t, second.Start(t.Context()))
			assert.NotEqual(t, pid, second.Status().PID)
			assert.False(t, alive(pid))
			assert.Zero(t, second.Status().Restarts)
			for len(told) > 0 {
				assert.NotEqual(t, i2pd.Down, (<-told).State)
			}
		})
	}
}

func freePort(t testing.TB) int {
	a, _ := router(t, "")
	address, err := a.Address(t.Context())
	require.NoError(t, err)
	require.NoError(t, a.Close())
	_, port, _ := strings.Cut(address, ":")
	n := 0
	for _, c := range port {
		n = 10*n + int(c-'0')
	}
	return n
}

// TestNotTheChild: a process that holds the lock and does not run on the folder is left alone, and nothing is started beside it.
func TestNotTheChild(t *testing.T) {
	r, _ := staying(t, "")
	leave(t, r)
	require.NoError(t, r.Stop())
	lock, err := os.OpenFile(filepath.Join(r.Dir, "child.lock"), os.O_RDWR, 0)
	require.NoError(t, err)
	require.NoError(t, syscall.Flock(int(lock.Fd()), syscall.LOCK_EX))
	other := exec.Command("sleep", "60")
	other.ExtraFiles = []*os.File{lock}
	require.NoError(t, other.Start())
	defer other.Wait()
	defer other.Process.Kill()
	require.NoError(t, lock.Close())

	n, _ := next(t, r)
	assert.ErrorIs(t, n.Start(t.Context()), i2pd.ErrInUse)
	assert.ErrorIs(t, n.Stop(), i2pd.ErrInUse)
	assert.True(t, alive(other.Process.Pid))
	require.NoError(t, other.Process.Kill())
	other.Wait()
	n, _ = next(t, r)
	assert.NoError(t, n.Start(t.Context()))
}

// TestCopyOfTheFolder: who reads the lock, as a backup does, is not taken for the child.
func TestCopyOfTheFolder(t *testing.T) {
	r, _ := staying(t, "")
	pid, _ := leave(t, r)
	lock, err := os.Open(filepath.Join(r.Dir, "child.lock"))
	require.NoError(t, err)
	defer lock.Close()
	n, _ := next(t, r)
	require.NoError(t, n.Start(t.Context()))
	assert.Equal(t, pid, n.Status().PID)
}

func TestStayNeedsAFolder(t *testing.T) {
	r := &i2pd.Router{Stay: true}
	assert.ErrorIs(t, r.Start(t.Context()), i2pd.ErrDir)
	assert.NoError(t, r.Stop())
}

func TestStopWithoutAFolder(t *testing.T) {
	r, _ := router(t, "")
	assert.NoError(t, r.Stop(), "nothing was left")
	assert.NoDirExists(t, r.Dir)
}

// TestCloseDuringStartOfOneThatStays: what has not answered yet is not left.
func TestCloseDuringStartOfOneThatStays(t *testing.T) {
	r, told := staying(t, "absent")
	started := make(chan error)
	go func() { started <- r.Start(t.Context()) }()
	pid := await(t, told, func(s i2pd.Status) bool { return s.PID != 0 }).PID
	require.NoError(t, r.Close())
	assert.ErrorIs(t, <-started, i2pd.ErrClosed)
	assert.False(t, alive(pid))
}
