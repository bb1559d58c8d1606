package i2psocks_test

import (
	"context"
	"errors"
	"net"
	"testing"
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
	"github.com/go-i2p/i2psocks/keys"
)

// testRouter is a router of the program's own, on networks of tests. What is nil fails.
type testRouter struct {
	sam  *samtest.Bridge
	i2cp *i2cptest.Router
}

var errNothingToStart = errors.New("nothing to start")

func (r testRouter) DialSAM(ctx context.Context) (net.Conn, error) {
	if r.sam == nil {
		return nil, errNothingToStart
	}
	return r.sam.Dial(ctx)
}

func (r testRouter) DialI2CP(ctx context.Context) (net.Conn, error) {
	if r.i2cp == nil {
		return nil, errNothingToStart
	}
	return r.i2cp.Dial(ctx)
}

func (testRouter) Close() error { return nil }

// TestRouterChoice: SAM is tried, then I2CP, then the router of one's own, which serves what is asked; the first that is there
// stays the one, for tokens too, and the identity is the same by all ways.
func TestRouterChoice(t *testing.T) {
	for name, tc := range map[string]struct {
		sam, i2cp, own bool   // which are there
		only           string // protocol that is set
		want           string
	}{
		"SAM":             {sam: true, i2cp: true, own: true, want: "SAM"},
		"SAM alone":       {sam: true, want: "SAM"},
		"I2CP":            {i2cp: true, own: true, want: "I2CP"},
		"own":             {own: true, want: "own SAM"},
		"nothing":         {want: ""},
		"SAM is asked":    {i2cp: true, own: true, only: "SAM", want: "own SAM"},
		"I2CP is asked":   {sam: true, own: true, only: "I2CP", want: "own I2CP"},
		"I2CP is running": {sam: true, i2cp: true, own: true, only: "I2CP", want: "I2CP"},
	} {
		t.Run(name, func(t *testing.T) {
			over, below := overSAM(samtest.NewStrict(t)), overI2CP(i2cptest.NewStrict(t))
			running := map[string]router{"SAM": over.start(), "I2CP": below.start(), "own SAM": over.start(), "own I2CP": below.start()}
			own := testRouter{}
			if tc.own {
				own = testRouter{running["own SAM"].(samRouter).Bridge, running["own I2CP"].(i2cpRouter).Router}
			}
			ep := endpoint(t, "")
			ep.Router, ep.Keys = own, new(keys.Memory)
			if tc.only != "I2CP" {
				ep.SAM = running["SAM"].Addr()
			}
			if tc.only != "SAM" {
				ep.I2CP = running["I2CP"].Addr()
			}
			if running["SAM"].Addr(); !tc.sam {
				running["SAM"].Kill()
			}
			if running["I2CP"].Addr(); !tc.i2cp {
				running["I2CP"].Kill()
			}
			id := ep.Addr()
			require.NotZero(t, id)
			err := ep.Up(t.Context())
			if tc.want == "" {
				assert.ErrorIs(t, err, dialer.ErrRouterDown)
				assert.ErrorIs(t, err, errNothingToStart)
				for _, tried := range []string{"no SAM: ", ep.SAM, "no I2CP: ", ep.I2CP, "the router of its own does not start"} {
					assert.ErrorContains(t, err, tried)
				}
				assert.ErrorIs(t, ep.Status().Err, errNothingToStart)
				require.NoError(t, running["I2CP"].Restart())
				require.NoError(t, ep.Up(t.Context()), "asked again")
				tc.want = "I2CP"
			} else {
				require.NoError(t, err)
			}
			require.NoError(t, ep.Isolate("token").Up(t.Context()))
			for where, r := range running {
				if where == tc.want {
					assert.Len(t, r.sessions(), 2)
					assert.Contains(t, r.sessions(), id.Destination)
				} else {
					assert.Empty(t, r.sessions(), where)
				}
			}
			assert.Equal(t, id, ep.Addr())
			running[tc.want].Kill()
			assert.ErrorIs(t, ep.Isolate("late").Up(t.Context()), dialer.ErrRouterDown, "no other is looked for")
		})
	}
}

// TestRouterChoiceServes: whichever it is, the endpoint does all that endpoints do.
func TestRouterChoiceServes(t *testing.T) {
	overBoth(t, func(t *testing.T, nw *network) {
		gone := func(r router) string { defer r.Kill(); return r.Addr() }
		either := func(r router) *i2psocks.Endpoint {
			ep := endpoint(t, "")
			ep.SAM, ep.I2CP, ep.Router = gone(overSAM(samtest.NewStrict(t)).start()), gone(overI2CP(i2cptest.NewStrict(t)).start()), testRouter{}
			r.carry(ep)
			return ep
		}
		site, visitor := either(nw.start()), either(nw.start())
		states := make(chan dialer.State, 8)
		visitor.StatusChanged = func(s dialer.Status) { states <- s.State }
		assert.Equal(t, dialer.Idle, visitor.Status().State)
		serve(t, site, hello)
		nw.setHost("site.i2p", site.Addr().Destination)
		assert.Equal(t, "hello "+visitor.Addr().String(), get(t, visitor.HTTPClient(), "http://site.i2p/"))
		assert.Equal(t, dialer.Up, visitor.Status().State)
		pc, err := visitor.ListenPacket(t.Context(), "udp", ":0")
		require.NoError(t, err)
		require.NoError(t, pc.Close())
		assert.Empty(t, visitor.EncryptedHost())
		require.NoError(t, visitor.Close())
		assert.Equal(t, []dialer.State{dialer.Starting, dialer.Up, dialer.Closed}, []dialer.State{<-states, <-states, <-states})
		_, err = visitor.Dial("tcp", "site.i2p:80")
		assert.ErrorIs(t, err, dialer.ErrSessionClosed)
		require.NoError(t, site.Abort())
	})
}

// slowRouter starts until it is given up.
type slowRouter struct {
	testRouter
	started chan struct{}
}

func (r slowRouter) DialSAM(ctx context.Context) (net.Conn, error) {
	close(r.started)
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// TestCloseWhileChoosing: Close gives up what is being looked for.
func TestCloseWhileChoosing(t *testing.T) {
	over, below := samtest.NewStrict(t).Start(nil), i2cptest.NewStrict(t).Start(nil)
	ep := endpoint(t, over.Addr())
	r := slowRouter{started: make(chan struct{})}
	ep.I2CP, ep.Router = below.Addr(), r
	over.Kill()
	below.Kill()
	up := make(chan error, 1)
	go func() { up <- ep.Up(t.Context()) }()
	<-r.started
	assert.Equal(t, dialer.Starting, ep.Status().State)
	require.NoError(t, ep.Close())
	assert.ErrorIs(t, <-up, dialer.ErrSessionClosed)
	assert.Equal(t, dialer.Closed, ep.Status().State)
}

// TestAwaitRouterOfEitherKind: who waits for a router takes the one that comes, by whichever way.
func TestAwaitRouterOfEitherKind(t *testing.T) {
	over, below := samtest.NewStrict(t).Start(nil), i2cptest.NewStrict(t).Start(nil)
	ep := endpoint(t, over.Addr())
	ep.I2CP, ep.Router, ep.AwaitRouter = below.Addr(), testRouter{}, true
	over.Kill()
	below.Kill()
	up := make(chan error, 1)
	go func() { up <- ep.Up(t.Context()) }()
	require.Eventually(t, func() bool { return ep.Status().Err != nil }, time.Minute, time.Millisecond)
	require.NoError(t, below.Restart())
	require.NoError(t, <-up)
	assert.Len(t, below.Sessions(), 1)
}

// TestCandidates: the fields decide where a running router is looked for.
func TestCandidates(t *testing.T) {
	set, setI2CP := func(*sam.Session) {}, func(*i2cp.Session) {}
	const overSAM, overI2CP = "{SAM tcp 127.0.0.1:7656}", "{I2CP tcp 127.0.0.1:7654}"
	for want, all := range map[string][]i2psocks.Endpoint{
		"[" + overSAM + " " + overI2CP + "] <nil>": {{}, {SAM: sam.DefaultAddress, I2CP: "localhost:7654"}, {Configure: set, ConfigureI2CP: setI2CP}},
		"[" + overSAM + "] <nil>":                  {{SAM: sam.DefaultAddress}, {SAMUser: "me"}, {Configure: set}, {Isolation: i2psocks.Isolation{Configure: set}}},
		"[" + overI2CP + "] <nil>":                 {{I2CP: i2cp.DefaultAddress}, {ConfigureI2CP: setI2CP}, {Isolation: i2psocks.Isolation{ConfigureI2CP: setI2CP}}},
		"[{SAM unix /run/sam}] <nil>":              {{SAM: "unix:/run/sam"}},
	} {
		for i := range all {
			assert.Equal(t, want, i2psocks.Candidates(&all[i]))
		}
	}
	for _, ep := range []*i2psocks.Endpoint{
		{I2CP: i2cp.DefaultAddress, Configure: set}, {SAM: sam.DefaultAddress, ConfigureI2CP: setI2CP},
		{Configure: set, ConfigureI2CP: setI2CP, Isolation: i2psocks.Isolation{Configure: set}},
	} {
		ep.Router = new(i2pd.Router)
		assert.ErrorContains(t, ep.Up(t.Context()), "only one of Configure and ConfigureI2CP")
		assert.NoError(t, ep.Close())
	}
}

// TestSignerIsForI2CP: nobody becomes somebody else because SAM answers.
func TestSignerIsForI2CP(t *testing.T) {
	bridge := samtest.NewStrict(t).Start(nil)
	ep := endpoint(t, bridge.Addr())
	id, err := keys.Generate()
	require.NoError(t, err)
	ep.Router, ep.I2CP = testRouter{}, i2cp.DefaultAddress
	ep.Configure, ep.ConfigureI2CP = func(*sam.Session) {}, func(s *i2cp.Session) { s.Signer = id }
	assert.ErrorIs(t, ep.Up(t.Context()), errors.ErrUnsupported)
	assert.Empty(t, bridge.Sessions())
}

// samOnly is a Router that has no I2CP.
type samOnly struct{ i2psocks.Router }

func TestRouterWithoutI2CP(t *testing.T) {
	r := i2cptest.NewStrict(t).Start(nil)
	ep := endpoint(t, "")
	ep.I2CP, ep.Router = r.Addr(), samOnly{testRouter{}}
	r.Kill()
	assert.ErrorContains(t, ep.Up(t.Context()), "the Router has no I2CP")
}
