package i2psocks_test

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
)

// overBoth runs a test of what endpoints do, which is the same over SAM and over I2CP.
func overBoth(t *testing.T, f func(t *testing.T, nw *network)) {
	t.Run("SAM", func(t *testing.T) { f(t, overSAM(samtest.NewStrict(t))) })
	t.Run("I2CP", func(t *testing.T) { f(t, overI2CP(i2cptest.NewStrict(t))) })
}

// overBothFreely is overBoth for what makes sessions end as routers do not like it.
func overBothFreely(t *testing.T, f func(t *testing.T, nw *network)) {
	t.Run("SAM", func(t *testing.T) {
		nw := samtest.NewNetwork()
		t.Cleanup(nw.Close)
		f(t, overSAM(nw))
	})
	t.Run("I2CP", func(t *testing.T) {
		nw := i2cptest.NewNetwork()
		t.Cleanup(nw.Close)
		f(t, overI2CP(nw))
	})
}

// network is one in the process, whose routers speak SAM or I2CP.
type network struct {
	start   func() router // one that needs no time
	i2pd    func() router // one that has i2pd's ways
	setHost func(name string, d keys.Destination)
	scheme  string // of URLs
}

func overSAM(nw *samtest.Network) *network {
	return &network{
		start: func() router { return samRouter{nw.Start(nil)} },
		i2pd: func() router { // what is up earlier is taken for one that is about to end
			return samRouter{nw.Start(&samtest.Bridge{Router: samtest.I2PD259, BuildTime: 1100 * time.Millisecond})}
		},
		setHost: nw.SetHost, scheme: "sam",
	}
}

func overI2CP(nw *i2cptest.Network) *network {
	return &network{
		start: func() router { return i2cpRouter{nw.Start(nil), nw} },
		i2pd: func() router {
			return i2cpRouter{nw.Start(&i2cptest.Router{Kind: i2cptest.I2PD259, BuildTime: time.Millisecond}), nw}
		},
		setHost: nw.SetHost, scheme: "i2cp",
	}
}

// endpoint returns an endpoint on a router of its own.
func (nw *network) endpoint(t testing.TB) *i2psocks.Endpoint { return on(t, nw.start()) }

// on returns an endpoint on a router, that ends with the test.
func on(t testing.TB, r router) *i2psocks.Endpoint {
	ep := new(i2psocks.Endpoint)
	r.carry(ep)
	t.Cleanup(func() { assert.NoError(t, ep.Close()) })
	return ep
}

// router is what a test needs of a router, whatever it speaks.
type router interface {
	Addr() string
	Kill()
	Restart() error
	WaitFor(ctx context.Context, cond func() bool) error

	carry(ep *i2psocks.Endpoint)                                // makes it the endpoint's
	session() dialer.Backend                                    // of a fresh identity
	sessions() (options map[keys.Destination]map[string]string) // that are there
	connections() int                                           // so far
	questions() int                                             // so far, for names and destinations
	hang()                                                      // does not answer the next dial of a name
}

type samRouter struct{ *samtest.Bridge }

func (r samRouter) carry(ep *i2psocks.Endpoint) { ep.SAM = r.Addr() }
func (r samRouter) session() dialer.Backend     { return &sam.Session{Address: r.Addr()} }
func (r samRouter) connections() int            { return r.Stats().Connections }
func (r samRouter) questions() int              { return r.Count("NAMING LOOKUP") + r.Count("STREAM CONNECT") }
func (r samRouter) hang()                       { r.Inject(samtest.Fault{On: "STREAM CONNECT", Delay: time.Hour}) }

func (r samRouter) sessions() map[keys.Destination]map[string]string {
	all := make(map[keys.Destination]map[string]string)
	for _, s := range r.Sessions() {
		all[s.Destination] = s.Options
	}
	return all
}

type i2cpRouter struct {
	*i2cptest.Router
	nw *i2cptest.Network
}

func (r i2cpRouter) carry(ep *i2psocks.Endpoint) { ep.I2CP = r.Addr() }
func (r i2cpRouter) session() dialer.Backend     { return &i2cp.Session{Address: r.Addr()} }
func (r i2cpRouter) connections() int            { return r.Stats().Connections }
func (r i2cpRouter) questions() int              { return r.Count("HostLookup") + r.Count("SendMessageExpires") }
func (r i2cpRouter) hang()                       { r.Inject(i2cptest.Fault{On: "HostLookup", Ignore: true}) }

func (r i2cpRouter) WaitFor(ctx context.Context, cond func() bool) error {
	return r.nw.WaitFor(ctx, cond)
}

func (r i2cpRouter) sessions() map[keys.Destination]map[string]string {
	all := make(map[keys.Destination]map[string]string)
	for _, s := range r.Sessions() {
		all[s.Destination] = s.Options
	}
	return all
}
