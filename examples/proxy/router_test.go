package main

import (
	"context"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/i2pd"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// TestMain plays i2pd when it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "--datadir=") {
		fakeI2PD(strings.TrimPrefix(os.Args[1], "--datadir="))
	}
	os.Exit(m.Run())
}

// fakeI2PD serves SAM of a network in memory where the configuration says, and I2CP of another. It ends after a minute at most.
func fakeI2PD(dir string) {
	time.AfterFunc(time.Minute, func() { os.Exit(1) })
	conf, _ := os.ReadFile(filepath.Join(dir, "i2pd.conf"))
	ports := regexp.MustCompile(`(?m)^\[(sam|i2cp)\]\nenabled = true\naddress = 127\.0\.0\.1\nport = (\d+)$`).FindAllSubmatch(conf, -1)
	bridge := new(samtest.Bridge)
	if strings.Contains(dir, "offline") {
		bridge.BuildTime = time.Hour
	}
	dial := map[string]func(context.Context) (net.Conn, error){
		"sam": samtest.NewNetwork().Start(bridge).Dial, "i2cp": i2cptest.NewNetwork().Start(nil).Dial,
	}
	for _, m := range ports {
		ln, err := net.Listen("tcp", "127.0.0.1:"+string(m[2]))
		if err != nil {
			os.Exit(1)
		}
		go pass(ln, dial[string(m[1])])
	}
	select {}
}

// pass hands connections on.
func pass(ln net.Listener, dial func(context.Context) (net.Conn, error)) {
	for {
		near, err := ln.Accept()
		if err != nil {
			os.Exit(1)
		}
		far, _ := dial(context.Background())
		go io.Copy(far, near)
		go io.Copy(near, far)
	}
}

func TestOwnRouter(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	absent := samtest.NewStrict(t).Start(nil)
	absent.Addr()
	absent.Kill()
	dir := t.TempDir()
	_, first, stop := start(t, "-listen", "127.0.0.1:0", "-sam", absent.Addr(), "-router", self, "-dir", dir)
	assert.Contains(t, first, ".b32.i2p")
	assert.FileExists(t, filepath.Join(dir, "i2pd", "i2pd.conf"))
	require.NoError(t, stop())
	next := &i2pd.Router{Path: self, Dir: filepath.Join(dir, "i2pd")}
	assert.NoError(t, next.Start(t.Context()), "the folder is free, so the child is gone")
	assert.NoError(t, next.Close())

	err = run(t.Context(), []string{"-listen", "127.0.0.1:0", "-sam", absent.Addr(), "-router", "/nonexistent"}, io.Discard, io.Discard)
	assert.ErrorIs(t, err, i2pd.ErrNotFound)
	assert.ErrorContains(t, err, "install i2pd")
}

func TestRunningRouterIsTaken(t *testing.T) {
	bridge, below := samtest.NewStrict(t).Start(nil), i2cptest.NewStrict(t).Start(nil)
	flags := []string{"-listen", "127.0.0.1:0", "-sam", bridge.Addr(), "-i2cp", below.Addr(), "-router", "/nonexistent"}
	_, _, stop := start(t, flags...)
	assert.Equal(t, 1, bridge.Count("SESSION CREATE"))
	assert.NoError(t, stop())
	bridge.Kill()
	_, _, stop = start(t, flags...)
	assert.Len(t, below.Sessions(), 1)
	assert.NoError(t, stop())
	below.Kill()
	err := run(t.Context(), flags, io.Discard, io.Discard)
	assert.ErrorIs(t, err, i2pd.ErrNotFound)
	assert.ErrorContains(t, err, bridge.Addr())
	assert.ErrorContains(t, err, below.Addr())
}

// TestOwnRouterOverI2CP: a router that is started serves what is asked.
func TestOwnRouterOverI2CP(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	_, b32, stop := start(t, "-listen", "127.0.0.1:0", "-i2cp", "127.0.0.1:1", "-router", self) // where nobody is
	assert.Contains(t, b32, ".b32.i2p")
	require.NoError(t, stop())
}

// TestNoInternet: who waits for a router without peers is told so, and in the end what to do.
func TestNoInternet(t *testing.T) {
	self, err := os.Executable()
	require.NoError(t, err)
	_, _, ep, err := configure([]string{"-sam", "127.0.0.1:1", "-router", self, "-dir", filepath.Join(t.TempDir(), "offline")}, io.Discard) // where nobody is
	require.NoError(t, err)
	defer ep.Close()
	ctx, cancel := context.WithCancel(t.Context())
	up := make(chan error, 1)
	go func() { up <- ep.Up(ctx) }()
	require.Eventually(t, func() bool { return ep.Router.(*i2pd.Router).Status().State == i2pd.Up }, 30*time.Second, time.Millisecond)
	assert.Equal(t, "waiting for peers, which i2pd fetches over the Internet; 0 known, some dozens needed", waitsFor(ep))
	cancel()
	err = explain(<-up, ep)
	assert.ErrorIs(t, err, context.Canceled)
	assert.ErrorIs(t, err, i2pd.ErrFewPeers)
	assert.ErrorContains(t, err, "connect this machine to the Internet")
}
