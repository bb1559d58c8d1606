package i2pd_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

const endsWithHost = true

// TestPortIsTheChilds: whoever else answers on the port does not pass for the router.
func TestPortIsTheChilds(t *testing.T) {
	r, told := router(t, "absent")
	started := make(chan error)
	go func() { started <- r.Start(context.Background()) }()
	address := await(t, told, func(s i2pd.Status) bool { return s.PID != 0 }).Address
	thief, err := net.Listen("tcp", address)
	require.NoError(t, err)
	defer thief.Close()
	go func() {
		for {
			conn, err := thief.Accept()
			if err != nil {
				return
			}
			fmt.Fprintln(conn, "HELLO REPLY RESULT=OK VERSION=3.3")
			defer conn.Close()
		}
	}()
	err = <-started
	assert.ErrorIs(t, err, i2pd.ErrPortTaken)
	assert.ErrorIs(t, err, syscall.EADDRINUSE)
}

// realI2PD returns a real i2pd, or skips.
func realI2PD(t *testing.T) string {
	name := "i2pd"
	if dir := os.Getenv("I2PSOCKS_I2PD_DIR"); dir != "" {
		name = filepath.Join(dir, name)
	}
	path, err := exec.LookPath(name)
	if err != nil && os.Getenv("I2PSOCKS_REQUIRE_ROUTER") == "" {
		t.Skip("no i2pd in I2PSOCKS_I2PD_DIR or PATH")
	}
	require.NoError(t, err)
	return path
}

// TestRealRouter runs itself once more in a network namespace that has nothing but loopback.
func TestRealRouter(t *testing.T) {
	path := realI2PD(t)
	if os.Getenv("I2PD_TEST_NETNS") == "1" {
		testRealRouter(t, path)
		return
	}
	self, err := os.Executable()
	require.NoError(t, err)
	cmd := exec.CommandContext(within(t, 50*time.Second), self, "-test.run=^TestRealRouter$", "-test.v")
	cmd.Env = append(os.Environ(), "I2PD_TEST_NETNS=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	if os.Geteuid() != 0 {
		cmd.SysProcAttr.Cloneflags |= syscall.CLONE_NEWUSER
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{HostID: os.Geteuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{HostID: os.Getegid(), Size: 1}}
	}
	out, err := cmd.CombinedOutput()
	if err != nil && len(out) == 0 && os.Getenv("I2PSOCKS_REQUIRE_ROUTER") == "" {
		t.Skip("no right to make a network namespace: ", err)
	}
	require.NoError(t, err, "%s", out)
	require.Contains(t, string(out), "--- PASS: TestRealRouter")
}

func testRealRouter(t *testing.T, path string) {
	require.NoError(t, exec.Command("ip", "link", "set", "lo", "up").Run())
	links, err := net.Interfaces()
	require.NoError(t, err)
	require.Len(t, links, 1, "only loopback")

	r, told := router(t, "")
	r.Path = path
	r.Args = []string{"--netid=88", "--reseed.threshold=0", "--bandwidth=L"}
	address, err := r.Address(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []string{address}, listeners(t, r.Status().PID, "tcp"), "SAM is all that local programs can reach")
	assert.Len(t, listeners(t, r.Status().PID, "udp"), 1, "its datagrams")

	require.NoError(t, syscall.Kill(r.Status().PID, syscall.SIGKILL))
	await(t, told, func(s i2pd.Status) bool { return s.State == i2pd.Down })
	again, err := r.Address(t.Context())
	require.NoError(t, err)
	assert.Equal(t, address, again)
	keys, err := filepath.Glob(filepath.Join(r.Dir, "router.*"))
	require.NoError(t, err)
	assert.NotEmpty(t, keys, "its own data folder")

	began := time.Now()
	require.NoError(t, r.Close())
	t.Log("closed within", time.Since(began))
	assert.Less(t, time.Since(began), 4*time.Second, "it was asked, not killed")
	assert.True(t, gone(address))

	r, _ = next(t, r)
	r.Path = path
	pid, address := leave(t, r)
	second, _ := next(t, r)
	second.Path = path
	again, err = second.Address(t.Context())
	require.NoError(t, err)
	assert.Equal(t, []any{pid, address}, []any{second.Status().PID, again}, "it was taken over")
	require.NoError(t, second.Stop())
	assert.False(t, alive(pid))
	assert.True(t, gone(address))

	third, _ := next(t, r)
	third.Path = path
	none := i2cp.Tunnels{Length: -1, Quantity: 1}
	session := &i2cp.Session{Inbound: none, Outbound: none, DialRouter: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return third.DialI2CP(ctx)
	}}
	require.NoError(t, session.Up(within(t, 30*time.Second)))
	s := third.Status()
	assert.ElementsMatch(t, []string{s.Address, s.I2CP}, listeners(t, s.PID, "tcp"))
	require.NoError(t, session.Close())
	require.NoError(t, third.Stop())
}

// listeners returns the loopback addresses on which a process listens.
func listeners(t *testing.T, pid int, network string) (found []string) {
	table, err := os.ReadFile(fmt.Sprintf("/proc/%d/net/%s", pid, network))
	require.NoError(t, err)
	for _, line := range strings.Split(string(table), "\n")[1:] {
		w := strings.Fields(line)
		if len(w) < 4 || w[3] != "0A" && w[3] != "07" || !strings.HasPrefix(w[1], "0100007F:") {
			continue
		}
		port, err := strconv.ParseUint(w[1][len("0100007F:"):], 16, 16)
		require.NoError(t, err)
		found = append(found, fmt.Sprintf("127.0.0.1:%d", port))
	}
	return found
}
