package i2psocks_test

import (
	"context"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

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
