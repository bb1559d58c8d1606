package i2pnet

import (
	"bytes"
	"context"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var routers Shared

// TestStreamsOnRouters goes through the life of a network: streams, a crash, a restart. No other test harms
// the shared network.
func TestStreamsOnRouters(t *testing.T) {
	begin := time.Now()
	n := routers.Require(t)
	t.Logf("ready after %v", time.Since(begin))
	s := newSessions(t, n, 0, 1)
	t.Logf("sessions after %v", time.Since(begin))
	requireEcho(t, s[0], s[1])
	requireEcho(t, s[1], s[0])
	t.Logf("echoes after %v", time.Since(begin))

	n.Kill(1)
	assert.False(t, n.Running(1))
	_, err := s[1].control.r.ReadString('\n')
	assert.Error(t, err, "the crash ends the session")
	_, err = n.DialContext(t.Context(), "tcp", n.SAM(1))
	assert.Error(t, err)
	assert.ErrorContains(t, n.WaitReady(t.Context()), "router 1 does not serve SAM: i2pd ended: signal: killed")
	n.Kill(1)

	require.NoError(t, n.Restart(t.Context(), 1))
	assert.True(t, n.Running(1))
	require.NoError(t, n.WaitReady(t.Context()))
	again := newSessions(t, n, 1)[0]
	t.Logf("session of the restarted router after %v", time.Since(begin))
	assert.NotEqual(t, s[1].dest, again.dest)
	requireEcho(t, s[0], again)
	t.Logf("all after %v", time.Since(begin))

	n.Kill(0)
	assert.Same(t, n, routers.Require(t), "what a test has killed is there for the next")
	assert.True(t, n.Running(0))
	assert.NoError(t, n.WaitReady(t.Context()))
}

// TestCrashedRouterRunsAgain: tests that need a router do not wait in vain for one that has crashed.
func TestCrashedRouterRunsAgain(t *testing.T) {
	n := routers.Require(t)
	control := openSAM(t, n, 1)
	require.NoError(t, n.Signal(1, os.Kill))
	_, err := control.r.ReadString('\n')
	require.Error(t, err)
	assert.Eventually(t, func() bool { return n.WaitReady(t.Context()) == nil }, time.Minute, 10*time.Millisecond)
}

func TestInside(t *testing.T) {
	n := routers.Require(t)
	ln, err := n.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	assert.Error(t, dialOutside(t.Context(), ln.Addr().String()), "the namespace has a loopback of its own")
	conn, err := n.DialContext(t.Context(), "tcp", ln.Addr().String())
	require.NoError(t, err)
	conn.Close()

	packets, err := n.ListenPacket("udp", "127.0.0.1:0")
	require.NoError(t, err)
	defer packets.Close()
	udp, err := n.DialContext(t.Context(), "udp", packets.LocalAddr().String())
	require.NoError(t, err)
	defer udp.Close()
	_, err = udp.Write([]byte("clove"))
	require.NoError(t, err)
	got := make([]byte, 16)
	size, _, err := packets.ReadFrom(got)
	require.NoError(t, err)
	assert.Equal(t, "clove", string(got[:size]))

	out, err := n.Command(t.Context(), "ip", "-brief", "address").Output()
	require.NoError(t, err)
	assert.Contains(t, string(out), "198.18.0.3/32")
	assert.Equal(t, 1, bytes.Count(out, []byte("\n")), "only loopback: %s", out)
}

// TestRefusesNames holds the dialers to what they promise: no lookup, not even of localhost.
func TestRefusesNames(t *testing.T) {
	n := routers.Require(t)
	for _, address := range []string{"localhost:7656", "i2p.example:80", ":80", "127.0.0.1", "127.0.0.1:http", ""} {
		_, err := n.DialContext(t.Context(), "tcp", address)
		assert.ErrorAs(t, err, new(*net.OpError), "%q", address)
		_, err = n.Listen("tcp", address)
		assert.ErrorAs(t, err, new(*net.OpError), "%q", address)
		_, err = n.ListenPacket("udp", address)
		assert.ErrorAs(t, err, new(*net.OpError), "%q", address)
	}
}

func TestEnter(t *testing.T) {
	n := routers.Require(t)
	space := func() string {
		name, err := os.Readlink("/proc/thread-self/ns/net")
		require.NoError(t, err)
		return name
	}
	var inside string
	err := n.Enter(func() error {
		inside = space()
		return io.ErrNoProgress
	})
	assert.Equal(t, io.ErrNoProgress, err)
	assert.NotEqual(t, space(), inside)
	assert.Panics(t, func() { n.Enter(func() error { panic("inside") }) })
	for range 100 { // no thread is left inside for another goroutine to find
		seen := make(chan string)
		go func() { seen <- space() }()
		assert.NotEqual(t, inside, <-seen)
	}
}

func TestCloseLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	n := Require(t, Config{Routers: 1, Dir: dir})
	pids := namespacePIDs(t, n.Namespace())
	assert.Len(t, pids, n.Len())
	require.NoError(t, n.Close())
	for _, pid := range pids {
		assert.NoDirExists(t, "/proc/"+pid)
	}
	list, err := exec.Command("ip", "netns", "list").Output()
	require.NoError(t, err)
	assert.NotContains(t, string(list), n.Namespace())
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)

	require.NoError(t, n.Close())
	assert.ErrorIs(t, n.Restart(t.Context(), 0), net.ErrClosed)
	_, err = n.DialContext(t.Context(), "tcp", n.SAM(0))
	assert.ErrorIs(t, err, net.ErrClosed)
}

func TestStartGivesUp(t *testing.T) {
	routers.Require(t) // skips where nothing could start
	dir := t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Start(ctx, Config{I2PD: os.Getenv("I2PSOCKS_I2PD_DIR"), Dir: dir})
	assert.ErrorIs(t, err, context.Canceled)

	fake := t.TempDir()
	require.NoError(t, os.WriteFile(fake+"/i2pd", []byte("#!/bin/sh\necho no such luck\nexit 3\n"), 0o700))
	_, err = Start(t.Context(), Config{I2PD: fake, Dir: dir})
	assert.ErrorContains(t, err, "does not serve SAM: i2pd ended: exit status 3: no such luck")
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, left)
}

// TestRoutersDieWithUs kills a process that has a network, and waits for the end of its routers.
func TestRoutersDieWithUs(t *testing.T) {
	const asChild = "I2PNET_TEST_CHILD"
	if os.Getenv(asChild) != "" {
		n := Require(t, Config{Routers: 1})
		os.Stdout.WriteString("namespace " + n.Namespace() + "\n")
		select {} // until killed
	}
	routers.Require(t) // skips where nothing could start
	child := exec.Command(os.Args[0], "-test.run=^TestRoutersDieWithUs$")
	child.Env = append(os.Environ(), asChild+"=1", "TMPDIR="+t.TempDir())
	out, err := child.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, child.Start())
	line := make([]byte, 256)
	size, err := out.Read(line)
	if !assert.NoError(t, err) {
		child.Process.Kill()
	}
	_, name, _ := strings.Cut(strings.TrimSpace(string(line[:size])), "namespace ")
	require.NotEmpty(t, name, "%s", line[:size])
	defer exec.Command("ip", "netns", "delete", name).Run()
	assert.Len(t, namespacePIDs(t, name), 2)
	require.NoError(t, child.Process.Kill())
	assert.Error(t, child.Wait())
	assert.Eventually(t, func() bool { return len(namespacePIDs(t, name)) == 0 }, 5*time.Second, 10*time.Millisecond)
}

func namespacePIDs(t *testing.T, name string) []string {
	out, err := exec.Command("ip", "netns", "pids", name).Output()
	require.NoError(t, err)
	return strings.Fields(string(out))
}
