package i2psocks_test

import (
	"context"
	"net"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
)

// TestConfigure: what a host changes reaches the sessions it is meant for, and never says who they are.
func TestConfigure(t *testing.T) {
	bridge := samtest.NewStrict(t).Start(&samtest.Bridge{Router: samtest.Java, BuildTime: 1})
	ep := endpoint(t, "")
	ep.DialBridge = func(ctx context.Context, _, _ string) (net.Conn, error) { return bridge.Dial(ctx) }
	intruder, err := keys.Generate()
	require.NoError(t, err)
	ep.Configure = func(s *sam.Session) { s.Nickname, s.Identity = "own", intruder }
	ep.Isolation.Configure = func(s *sam.Session) { s.Nickname, s.Identity = "token", intruder }
	require.NoError(t, ep.Up(t.Context()))
	one, two := ep.Isolate("one"), ep.Isolate("two")
	require.NoError(t, one.Up(t.Context()))
	require.NoError(t, two.Up(t.Context()))
	assertApart(t, ep.Addr().Host, one.Addr().Host, two.Addr().Host, intruder.Destination().Base32())
	nicknames := make(map[string]int)
	for _, s := range bridge.Sessions() {
		nicknames[s.Options["inbound.nickname"]]++
	}
	assert.Equal(t, map[string]int{"own": 1, "token": 2}, nicknames)
}

// configured sets what an endpoint's own session is configured by, whatever it goes by.
func configured(ep *i2psocks.Endpoint, configure func(identity keys.Identity, addr func() dialer.Addr)) {
	if ep.I2CP != "" {
		ep.ConfigureI2CP = func(s *i2cp.Session) { configure(s.Identity, s.Addr) }
	} else {
		ep.Configure = func(s *sam.Session) { configure(s.Identity, s.Addr) }
	}
}

// TestConfigureUsesTheEndpoint: what would wait for itself says so, and the start goes on.
func TestConfigureUsesTheEndpoint(t *testing.T) { overBoth(t, testConfigureUsesTheEndpoint) }

func testConfigureUsesTheEndpoint(t *testing.T, nw *network) {
	ctx := t.Context()
	ep := nw.endpoint(t)
	other := nw.endpoint(t)
	var errs []error
	add := func(_ any, err error) { errs = append(errs, err) }
	configured(ep, func(keys.Identity, func() dialer.Addr) {
		assert.NoError(t, other.Up(ctx), "another endpoint may be used")
		assert.Equal(t, dialer.Starting, ep.Status().State)
		assert.Zero(t, ep.Addr())
		assert.Empty(t, ep.EncryptedHost())
		add(nil, ep.Up(ctx))
		add(ep.Dial("tcp", "a.i2p:80"))
		add(ep.Listen(ctx, "tcp", ":80"))
		add(ep.ListenPacket(ctx, "udp", ":0"))
		add(ep.LookupAddr(ctx, "a.i2p"))
		add(ep.ListenSOCKS(ctx, "tcp", "127.0.0.1:0"))
		add(ep.HTTPClient().Get("http://a.i2p/"))
		add(ep.HTTPClient().Get("https://a.i2p/"))
		one := ep.Isolate("one")
		assert.Zero(t, one.Addr())
		add(nil, one.Up(ctx))
		add(one.Dial("tcp", "a.i2p:80"))
		add(one.Listen(ctx, "tcp", ":80"))
	})
	require.NoError(t, ep.Up(ctx))
	require.Len(t, errs, 11)
	for n, err := range errs {
		assert.ErrorIs(t, err, i2psocks.ErrStarting, n)
	}
	assert.NoError(t, ep.Isolate("one").Up(ctx))
}

// TestConfigureCloses: the start is given up then, and the directory is free.
func TestConfigureCloses(t *testing.T) { overBoth(t, testConfigureCloses) }

func testConfigureCloses(t *testing.T, nw *network) {
	ep := nw.endpoint(t)
	ep.Dir = t.TempDir()
	configured(ep, func(keys.Identity, func() dialer.Addr) { assert.NoError(t, ep.Close()) })
	assert.ErrorIs(t, ep.Up(t.Context()), dialer.ErrSessionClosed)
	assert.Eventually(t, func() bool {
		dir, err := keys.OpenDir(filepath.Join(ep.Dir, "keys"))
		return err == nil && assert.NoError(t, dir.Close())
	}, time.Minute, time.Millisecond)
}

// TestConfigureKnowsTheIdentity: of the endpoint and of tokens, kept or not, also when the session is asked for it.
func TestConfigureKnowsTheIdentity(t *testing.T) { overBoth(t, testConfigureKnowsTheIdentity) }

func testConfigureKnowsTheIdentity(t *testing.T, nw *network) {
	for _, dir := range []string{"", filepath.Join(t.TempDir(), "state")} {
		r := nw.start()
		ep := on(t, r)
		ep.Dir = dir
		var seen []string
		see := func(identity keys.Identity, addr func() dialer.Addr) {
			seen = append(seen, identity.Destination().Base32())
			assert.Equal(t, identity.Destination(), addr().Destination)
		}
		configured(ep, see)
		if ep.I2CP != "" {
			ep.Isolation.ConfigureI2CP = func(s *i2cp.Session) { see(s.Identity, s.Addr) }
		} else {
			ep.Isolation.Configure = func(s *sam.Session) { see(s.Identity, s.Addr) }
		}
		one := ep.Isolate("one")
		require.NoError(t, ep.Up(t.Context()))
		require.NoError(t, one.Up(t.Context()))
		assert.Equal(t, []string{ep.Addr().Host, one.Addr().Host}, seen)
		for _, addr := range []dialer.Addr{ep.Addr(), one.Addr()} {
			assert.Contains(t, r.sessions(), addr.Destination)
		}
	}
}
