package i2pd_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

// gone reports whether nothing listens on an address.
func gone(address string) bool {
	conn, err := net.Dial("tcp", address)
	if err == nil {
		conn.Close()
	}
	return err != nil
}

func TestLife(t *testing.T) {
	t.Setenv("HTTP_PROXY", "http://192.0.2.1")
	r, told := router(t, "")
	assert.Equal(t, i2pd.Status{}, r.Status())
	var wg sync.WaitGroup
	for range 5 { // one child for all
		wg.Go(func() { assert.NoError(t, r.Start(t.Context())) })
	}
	wg.Wait()
	address, err := r.Address(t.Context())
	require.NoError(t, err)
	s := r.Status()
	assert.Equal(t, i2pd.Up, s.State)
	assert.Equal(t, address, s.Address)
	assert.NotZero(t, s.PID)
	assert.NoError(t, s.Err)
	assert.False(t, gone(address))

	first, second := <-told, <-told
	assert.Equal(t, []any{i2pd.Starting, i2pd.Up}, []any{first.State, second.State})
	assert.Equal(t, []int{s.PID, s.PID}, []int{first.PID, second.PID})
	assert.Equal(t, 1, await(t, told, func(s i2pd.Status) bool { return s.Peers > 0 }).Peers)

	fi, err := os.Stat(r.Dir)
	require.NoError(t, err)
	if runtime.GOOS != "windows" {
		assert.Equal(t, os.FileMode(0o700), fi.Mode().Perm())
	}
	env, err := os.ReadFile(filepath.Join(r.Dir, "environ"))
	require.NoError(t, err)
	assert.NotContains(t, string(env), "PROXY")
	assert.Contains(t, string(env), "HOME="+r.Dir)

	require.NoError(t, r.Close())
	require.NoError(t, r.Close())
	assert.True(t, gone(address))
	assert.Equal(t, i2pd.Closed, await(t, told, func(s i2pd.Status) bool { return s.PID == 0 }).State)
	assert.DirExists(t, r.Dir)
	err = r.Start(t.Context())
	assert.ErrorIs(t, err, i2pd.ErrClosed)
	assert.ErrorIs(t, err, net.ErrClosed)
}

func TestTemporaryFolder(t *testing.T) {
	t.Setenv("TMPDIR", t.TempDir())
	r, _ := router(t, "")
	r.Dir = ""
	require.NoError(t, r.Start(t.Context()))
	left, err := os.ReadDir(os.TempDir())
	require.NoError(t, err)
	require.Len(t, left, 1)
	require.NoError(t, r.Close())
	left, err = os.ReadDir(os.TempDir())
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestRestart(t *testing.T) {
	r, told := router(t, "")
	address, err := r.Address(t.Context())
	require.NoError(t, err)
	for i := 1; i <= 2; i++ {
		child, err := os.FindProcess(r.Status().PID)
		require.NoError(t, err)
		require.NoError(t, child.Kill())
		down := await(t, told, func(s i2pd.Status) bool { return s.State == i2pd.Down })
		assert.Zero(t, down.PID)
		var exit *i2pd.ExitError
		require.ErrorAs(t, down.Err, &exit)
		require.NoError(t, r.Start(t.Context()), "waits until it is up again")
		s := r.Status()
		assert.Equal(t, []any{i, address, i2pd.Up}, []any{s.Restarts, s.Address, s.State})
		assert.NotEqual(t, child.Pid, s.PID)
	}
}

// TestPortTakenMeanwhile: a child is not started on a port that somebody else took while it was down.
func TestPortTakenMeanwhile(t *testing.T) {
	r, told := router(t, "")
	address, err := r.Address(t.Context())
	require.NoError(t, err)
	child, err := os.FindProcess(r.Status().PID)
	require.NoError(t, err)
	require.NoError(t, child.Kill())
	await(t, told, func(s i2pd.Status) bool { return s.State == i2pd.Down })
	thief, err := net.Listen("tcp", address)
	require.NoError(t, err)
	await(t, told, func(s i2pd.Status) bool {
		return errors.Is(s.Err, i2pd.ErrPortTaken)
	})
	assert.ErrorIs(t, r.Start(within(t, 50*time.Millisecond)), context.DeadlineExceeded)
	thief.Close()
	require.NoError(t, r.Start(t.Context()))
}

func TestStartFails(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	require.NoError(t, os.WriteFile(file, nil, 0o600))
	open := filepath.Join(dir, "open")
	require.NoError(t, os.Mkdir(open, 0o755))
	link := filepath.Join(dir, "link")
	require.NoError(t, os.Symlink(t.TempDir(), link))
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	for name, c := range map[string]struct {
		how   string
		spoil func(r *i2pd.Router)
		want  error
	}{
		"no program":       {"", func(r *i2pd.Router) { r.Path = filepath.Join(dir, "absent") }, i2pd.ErrNotFound},
		"not executable":   {"", func(r *i2pd.Router) { r.Path = file }, i2pd.ErrNotFound},
		"a folder":         {"", func(r *i2pd.Router) { r.Path = dir }, i2pd.ErrNotFound},
		"dir is a file":    {"", func(r *i2pd.Router) { r.Dir = file }, i2pd.ErrDir},
		"dir in a file":    {"", func(r *i2pd.Router) { r.Dir = filepath.Join(file, "x") }, i2pd.ErrDir},
		"dir open":         {"", func(r *i2pd.Router) { r.Dir = open }, i2pd.ErrDir},
		"dir is a link":    {"", func(r *i2pd.Router) { r.Dir = link }, i2pd.ErrDir},
		"port taken":       {"", func(r *i2pd.Router) { r.Port = taken.Addr().(*net.TCPAddr).Port }, i2pd.ErrPortTaken},
		"EADDRINUSE":       {"", func(r *i2pd.Router) { r.Port = taken.Addr().(*net.TCPAddr).Port }, syscall.EADDRINUSE},
		"no SAM":           {"absent", func(r *i2pd.Router) { r.StartTimeout = 200 * time.Millisecond }, i2pd.ErrNoSAM},
		"no SAM, timeout":  {"absent", func(r *i2pd.Router) { r.StartTimeout = 200 * time.Millisecond }, os.ErrDeadlineExceeded},
		"mute SAM":         {"mute", func(r *i2pd.Router) { r.StartTimeout = 200 * time.Millisecond }, i2pd.ErrNoSAM},
		"not an argument":  {"", func(r *i2pd.Router) { r.Args = []string{"daemon"} }, i2pd.ErrArgument},
		"opens a service":  {"", func(r *i2pd.Router) { r.Args = []string{"--http.enabled=1"} }, i2pd.ErrArgument},
		"has a line break": {"", func(r *i2pd.Router) { r.Args = []string{"--bandwidth=P\n"} }, i2pd.ErrArgument},
	} {
		t.Run(name, func(t *testing.T) {
			r, told := router(t, c.how)
			path, dir := r.Path, r.Dir
			c.spoil(r)
			for range 2 {
				address, err := r.Address(t.Context())
				assert.ErrorIs(t, err, c.want)
				assert.Empty(t, address)
				assert.ErrorIs(t, r.Status().Err, c.want)
				assert.Equal(t, i2pd.Idle, r.Status().State)
			}
			assert.Zero(t, r.Status().PID)
			for len(told) > 0 {
				assert.NotEqual(t, i2pd.Up, (<-told).State)
			}
			r.Path, r.Dir, r.Args, r.Port, r.StartTimeout = path, dir, nil, 0, 0
			assert.NoError(t, r.Start(t.Context()), "a start that failed can be tried again")
		})
	}
}

// TestForeignFolder: what belongs to another user can be read by that user.
func TestForeignFolder(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give a folder away")
	}
	r, _ := router(t, "")
	require.NoError(t, os.Mkdir(r.Dir, 0o700))
	require.NoError(t, os.Chown(r.Dir, 65534, 65534))
	assert.ErrorIs(t, r.Start(t.Context()), i2pd.ErrDir)
	left, err := os.ReadDir(r.Dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestCrashAtStart(t *testing.T) {
	r, _ := router(t, "crash")
	err := r.Start(t.Context())
	var exit *i2pd.ExitError
	require.ErrorAs(t, err, &exit)
	var code *exec.ExitError
	require.ErrorAs(t, err, &code)
	assert.Equal(t, 3, code.ExitCode())
	assert.Equal(t, "10:00:00@1/error - no hope for ... at ...", exit.Output)
}

func TestOneRouterInAFolder(t *testing.T) {
	a, _ := router(t, "")
	b, _ := router(t, "")
	b.Dir = a.Dir
	require.NoError(t, a.Start(t.Context()))
	assert.ErrorIs(t, b.Start(t.Context()), i2pd.ErrInUse)
	require.NoError(t, a.Close())
	assert.NoError(t, b.Start(t.Context()))
}

func TestStubbornChild(t *testing.T) {
	t.Parallel()
	r, _ := router(t, "stubborn")
	address, err := r.Address(t.Context())
	require.NoError(t, err)
	require.NoError(t, r.Close())
	assert.True(t, gone(address))
}

func TestCloseDuringStart(t *testing.T) {
	r, told := router(t, "absent")
	started := make(chan error)
	go func() { started <- r.Start(context.Background()) }()
	await(t, told, func(s i2pd.Status) bool { return s.PID != 0 })
	require.NoError(t, r.Close())
	assert.ErrorIs(t, <-started, i2pd.ErrClosed)
}

func TestContextBoundsTheWait(t *testing.T) {
	r, told := router(t, "absent")
	assert.ErrorIs(t, r.Start(within(t, 50*time.Millisecond)), context.DeadlineExceeded)
	await(t, told, func(s i2pd.Status) bool { return s.PID != 0 })
	assert.Equal(t, i2pd.Starting, r.Status().State, "the start goes on")
}

// TestThreadsEnd: the kernel ties the child to the thread that started it, which must not be the caller's.
func TestThreadsEnd(t *testing.T) {
	r, told := router(t, "")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			runtime.LockOSThread() // the thread ends with its goroutine
			assert.NoError(t, r.Start(t.Context()))
		})
	}
	wg.Wait()
	pid := r.Status().PID
	await(t, told, func(s i2pd.Status) bool { return s.Peers > 0 })
	for len(told) > 0 {
		assert.NotEqual(t, i2pd.Down, (<-told).State)
	}
	assert.Equal(t, pid, r.Status().PID)
}

func TestLogsAreRedacted(t *testing.T) {
	var log bytes.Buffer
	r, _ := router(t, "crash")
	r.Logger = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	require.Error(t, r.Start(t.Context()))
	assert.Contains(t, log.String(), "no hope for ...")
	for _, secret := range []string{"known", "i2p at", "192.0"} {
		assert.NotContains(t, log.String(), secret)
	}
}

func TestState(t *testing.T) {
	assert.Equal(t, "idle starting up down closed unknown", strings.Join([]string{
		i2pd.Idle.String(), i2pd.Starting.String(), i2pd.Up.String(), i2pd.Down.String(), i2pd.Closed.String(), i2pd.State(9).String(),
	}, " "))
}

// TestWrittenSettingsStay: what the configuration switches off cannot be switched on beside it.
func TestWrittenSettingsStay(t *testing.T) {
	sections := regexp.MustCompile(`(?m)^\[(.+)\]$`).FindAllStringSubmatch(i2pd.Configuration(7656, 0, false), -1)
	require.NotEmpty(t, sections)
	for _, s := range sections {
		r := &i2pd.Router{Path: filepath.Join(t.TempDir(), "absent"), Args: []string{"--" + s[1] + ".enabled=true"}}
		assert.ErrorIs(t, r.Start(t.Context()), i2pd.ErrArgument, s[1])
	}
}

func TestArguments(t *testing.T) {
	for arg, ok := range map[string]bool{
		"--bandwidth=P": true, "--ntcp2.port=1234": true, "--reseed.urls=": true, "--loglevel=debug": true, "--certsdir=/x": true,
		"--datadir=/x": false, "--conf=/x": false, "--daemon=1": false, "--log=file": false, "--logfile=/x": false, "--tunconf=/x": false, "--tunnelsdir=/x": false,
		"--sam.address=0.0.0.0": false, "--http.enabled=1": false, "--httpproxy.enabled=1": false, "--socksproxy.enabled=1": false,
		"--i2cp.enabled=1": false, "--bob.enabled=1": false, "--i2pcontrol.enabled=1": false, "--upnp.enabled=1": false,
		"--nettime.enabled=1": false, "--nettime.ntpservers=pool.ntp.org": false,
		"--bandwidth": false, "-bandwidth=P": false, "bandwidth=P": false, "--=": false, "": false, "--help": false, "--HTTP.enabled=1": false, "--a=\x00": false,
	} {
		r := &i2pd.Router{Path: filepath.Join(t.TempDir(), "absent"), Args: []string{arg}}
		err := r.Start(t.Context())
		assert.Equal(t, ok, !errors.Is(err, i2pd.ErrArgument), "%s: %v", arg, err)
	}
}
