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

// fakeI2PD serves SAM of a network in memory where the configuration says. It ends after a minute at most.
func fakeI2PD(dir string) {
	time.AfterFunc(time.Minute, func() { os.Exit(1) })
	conf, _ := os.ReadFile(filepath.Join(dir, "i2pd.conf"))
	port := regexp.MustCompile(`(?m)^port = (\d+)$`).FindSubmatch(conf)
	ln, err := net.Listen("tcp", "127.0.0.1:"+string(port[1]))
	if err != nil {
		os.Exit(1)
	}
	bridge := samtest.NewNetwork().Start(nil)
	for {
		near, err := ln.Accept()
		if err != nil {
			os.Exit(1)
		}
		far, _ := bridge.Dial(context.Background())
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
	bridge := samtest.NewStrict(t).Start(nil)
	_, _, stop := start(t, "-listen", "127.0.0.1:0", "-sam", bridge.Addr(), "-router", "/nonexistent")
	assert.Equal(t, 1, bridge.Count("SESSION CREATE"))
	assert.NoError(t, stop())
}
