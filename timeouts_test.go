package i2psocks_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/i2pd"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
)

// TestTimeoutsNest: no default cuts one of what happens inside it, and docs/timeouts.md says so.
func TestTimeoutsNest(t *testing.T) {
	inner := []time.Duration{i2pd.DefaultStartTimeout, sam.DefaultDialTimeout, i2cp.DefaultDialTimeout}
	assert.Greater(t, i2psocks.DefaultDialTimeout, slices.Max(inner))
	assert.Greater(t, socks.DefaultDialTimeout, i2psocks.DefaultDialTimeout)
	page, err := os.ReadFile("docs/timeouts.md")
	require.NoError(t, err)
	for field, d := range map[string]time.Duration{
		"socks.Server.DialTimeout": socks.DefaultDialTimeout, "Endpoint.DialTimeout": i2psocks.DefaultDialTimeout,
		"i2cp.Session.DialTimeout": i2cp.DefaultDialTimeout, "sam.Session.DialTimeout": sam.DefaultDialTimeout,
		"i2pd.Router.StartTimeout": i2pd.DefaultStartTimeout,
	} {
		assert.Contains(t, string(page), fmt.Sprintf(" | %.0f s | `%s` |\n", d.Seconds(), field))
	}
}

// TestInnermostGivesUpFirst: a peer that never answers is given up by the session, whoever has asked for it.
func TestInnermostGivesUpFirst(t *testing.T) {
	for name, tc := range map[string]struct {
		open func(t *testing.T, ep *i2psocks.Endpoint) (silent dialer.Addr)
		want time.Duration
	}{"SAM": {onMuteSAM, sam.DefaultDialTimeout}, "I2CP": {onLossyI2CP, i2cp.DefaultDialTimeout}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ep := new(i2psocks.Endpoint)
				t.Cleanup(func() { assert.NoError(t, ep.Close()) })
				peer := tc.open(t, ep)
				begin := time.Now()
				_, err := sockstest.Start(t, &socks.Server{Dialer: ep}).Dialer("", "").DialContext(t.Context(), "tcp", peer.Host+":80")
				assert.Equal(t, tc.want, time.Since(begin))
				var reply *socks.ReplyError
				if assert.ErrorAs(t, err, &reply) {
					assert.Equal(t, socks.TTLExpired, reply.Reply)
				}
			})
		})
	}
}

func onMuteSAM(t *testing.T, ep *i2psocks.Endpoint) dialer.Addr {
	b := samtest.NewNetwork().Start(nil)
	t.Cleanup(b.Kill)
	b.Inject(samtest.Fault{On: "STREAM CONNECT", Delay: time.Hour})
	ep.DialBridge = func(ctx context.Context, _, _ string) (net.Conn, error) { return b.Dial(ctx) }
	require.NoError(t, ep.Up(t.Context()))
	return new(sam.Session).Addr()
}

func onLossyI2CP(t *testing.T, ep *i2psocks.Endpoint) dialer.Addr {
	nw := i2cptest.NewNetwork()
	t.Cleanup(nw.Close)
	r := nw.Start(nil)
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return r.Dial(ctx) }
	peer := &i2cp.Session{DialRouter: dial}
	t.Cleanup(func() { assert.NoError(t, peer.Close()) })
	require.NoError(t, peer.Up(t.Context()))
	ep.I2CP, ep.DialBridge = "127.0.0.1:1", dial
	require.NoError(t, ep.Up(t.Context()))
	r.SetLink(i2cptest.Link{Loss: 1})
	return peer.Addr()
}

// sluggishRouter is a router of one's own that takes its time, once.
type sluggishRouter struct {
	testRouter
	takes time.Duration
	up    chan struct{}
}

func (r *sluggishRouter) start(ctx context.Context) error {
	select {
	case <-r.up:
	case <-time.After(r.takes):
		close(r.up)
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	return nil
}

func (r *sluggishRouter) DialSAM(ctx context.Context) (net.Conn, error) {
	return conn(r.start(ctx), func() (net.Conn, error) { return r.testRouter.DialSAM(ctx) })
}

func (r *sluggishRouter) DialI2CP(ctx context.Context) (net.Conn, error) {
	return conn(r.start(ctx), func() (net.Conn, error) { return r.testRouter.DialI2CP(ctx) })
}

func conn(err error, dial func() (net.Conn, error)) (net.Conn, error) {
	if err != nil {
		return nil, err
	}
	return dial()
}

// TestSlowStartOfARouter: a router of one's own has the time to start that it says it may need, whatever it is asked for.
func TestSlowStartOfARouter(t *testing.T) {
	for _, only := range []string{"SAM", "I2CP", ""} {
		t.Run("only "+only, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				over, below := samtest.NewNetwork(), i2cptest.NewNetwork()
				t.Cleanup(over.Close)
				t.Cleanup(below.Close)
				r := &sluggishRouter{testRouter{over.Start(nil), below.Start(nil)}, i2pd.DefaultStartTimeout - time.Second, make(chan struct{})}
				ep := &i2psocks.Endpoint{Router: r, SAM: "127.0.0.1:1", I2CP: "127.0.0.1:1"} // where nobody is
				switch only {
				case "SAM":
					ep.I2CP = ""
				case "I2CP":
					ep.SAM = ""
				}
				t.Cleanup(func() { assert.NoError(t, ep.Close()) })
				ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
				defer cancel()
				err := ep.Up(ctx)
				assert.ErrorIs(t, err, dialer.ErrTimeout)
				assert.True(t, errors.Is(err, context.DeadlineExceeded))
				require.NoError(t, ep.Up(t.Context()))
				require.NoError(t, ep.Isolate("token").Up(t.Context()))
			})
		})
	}
}
