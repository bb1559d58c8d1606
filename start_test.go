package i2psocks_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
)

// TestCloseWaits: whoever calls Close finds the state free afterwards.
func TestCloseWaits(t *testing.T) { overBoth(t, testCloseWaits) }

func testCloseWaits(t *testing.T, nw *network) {
	ep := nw.endpoint(t)
	ep.Dir = t.TempDir()
	require.NoError(t, ep.Up(t.Context()))
	var all sync.WaitGroup
	for range 8 {
		all.Go(func() {
			assert.NoError(t, ep.Close())
			dir, err := keys.OpenDir(ep.Dir + "/keys")
			if errors.Is(err, keys.ErrLocked) {
				return // another of the eight looks
			}
			assert.NoError(t, err)
			dir.Close()
		})
	}
	all.Wait()
}

// TestSAMPassword: a bridge that wants a password gets it for all sessions, and nothing shows it.
func TestSAMPassword(t *testing.T) {
	bridge := samtest.NewStrict(t).Start(&samtest.Bridge{Router: samtest.Java, BuildTime: time.Millisecond, User: "alice", Password: "opensesame"})
	ep := endpoint(t, bridge.Addr())
	var refused *sam.AuthError
	require.ErrorAs(t, ep.Up(t.Context()), &refused)
	require.NoError(t, ep.Close())

	ep = endpoint(t, bridge.Addr())
	ep.SAMUser, ep.SAMPassword, ep.Secret = "alice", func() string { return "opensesame" }, "swordfish"
	states := make(chan dialer.State, 8)
	ep.StatusChanged = func(s dialer.Status) { states <- s.State }
	require.NoError(t, ep.Up(t.Context()))
	require.NoError(t, ep.Isolate("one").Up(t.Context()))
	px, err := ep.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	packets, err := ep.ListenPacket(t.Context(), "udp", ":0")
	require.NoError(t, err)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%d", "%q", "%t"} {
		assert.Equal(t, "i2psocks.Endpoint()", fmt.Sprintf(verb, ep))
		for _, v := range []any{px, packets, ep.Isolate("one"), through(px, "user", "swordfish")} {
			assert.Regexp(t, `^(i2p)?socks\.[A-Z]`, fmt.Sprintf(verb, v))
			assert.NotContains(t, fmt.Sprintf(verb, v), "swordfish")
		}
	}
	assert.Equal(t, []dialer.State{dialer.Starting, dialer.Up}, []dialer.State{<-states, <-states})
	require.NoError(t, ep.Close())
	assert.Equal(t, dialer.Closed, <-states)
}
