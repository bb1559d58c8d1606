package i2psocks

import (
	"cmp"
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/internal/bound"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

// Endpoint is a program's own door to I2P: one identity, with which it dials, listens and offers
// SOCKS. The zero value is a fresh identity on the router at [sam.DefaultAddress]. Exported fields
// may be changed until the first method call, not after. An Endpoint must not be copied. Its
// methods may be called by several goroutines at once.
//
// The first use starts the endpoint; a start that failed is tried again at the next use. Nothing but
// the router is ever dialled: what is not in I2P fails with [dialer.ErrNotI2P].
type Endpoint struct {
	// Name is the name of the identity in Keys, and what the router's console shows: up to 64
	// lower-case letters, digits, '_' and '-'. Empty means "default" in Keys.
	Name string
	// Dir is where the endpoint keeps its state: keys go to the folder "keys" in it. It is made if it does
	// not exist, for the owner alone. Empty means that nothing is kept: the identity is a fresh one.
	Dir string
	// Keys, if set, holds the identity in place of Dir. Where it can tell that it lost what it holds, by a method
	// Lost as that of keys/etcd, the endpoint then ends by [Endpoint.Abort].
	Keys keys.Store
	// SAM is the router's SAM bridge, as [sam.Session.Address]. Empty means [sam.DefaultAddress].
	SAM string
	// I2CP, if set, is where a router speaks I2CP, as [i2cp.Session.Address] such as [i2cp.DefaultAddress], and makes all
	// sessions [i2cp.Session]s: see package i2cp for what that gives and costs. Fallbacks and DialBridge are then of
	// such routers. It must not be combined with the fields that are about SAM, unless Router is set, and not with Backend.
	I2CP string
	// SAMUser and SAMPassword are for bridges that want them, as [sam.Session.User] and Password.
	SAMUser     string
	SAMPassword func() string
	// Fallbacks are the SAM bridges of other routers, used in turn when the one before cannot be:
	// see [sam.Session].
	Fallbacks []string
	// DialBridge, if set, opens all connections to the routers, as [sam.Session.DialBridge].
	DialBridge func(ctx context.Context, network, address string) (net.Conn, error)
	// Router, if set, is started when no router is found, and closed by Close: an [*i2pd.Router], or another. One is looked
	// for at SAM, then at I2CP, and what is started is asked for SAM; if of SAM and I2CP only one is set, or has settings
	// here, it is that one alone. Which it is is settled once, by the first connection, and for all sessions: an
	// error names all that was tried. Configure and ConfigureI2CP must both be set if sessions may go either way, or neither,
	// and no Signer. Router must not be combined with Fallbacks, DialBridge or Backend. Datagrams over SAM then
	// go over the control connection, see [sam.Session.ListenPacket].
	//
	// [*i2pd.Router]: https://pkg.go.dev/github.com/go-i2p/i2psocks/dialer/i2pd#Router
	Router Router
	// AwaitRouter lets Up and Listen wait for a router that is not there yet, as long as their context: for a program
	// that is started together with its router. They else fail at once with [dialer.ErrRouterDown], as dials
	// always do while there was no router.
	AwaitRouter bool
	// Configure, if set, changes the session of the endpoint's own identity before its first use: for
	// what has no field here. It does not reach the sessions of tokens, see [Isolation], and cannot
	// change the Identity.
	Configure func(s *sam.Session)
	// ConfigureI2CP is Configure for sessions over I2CP. What it makes the Signer is who the
	// endpoint is, in the place of the identity in Keys or Dir.
	ConfigureI2CP func(s *i2cp.Session)
	// Backend, if set, is used in place of a [sam.Session] made from the fields above and below.
	// Close closes it.
	Backend dialer.Backend
	// Inbound and Outbound say how tunnels are built.
	Inbound, Outbound sam.Tunnels
	// Isolation says how identities of their own are given to tokens: see [Endpoint.Isolate] and
	// [Endpoint.ListenSOCKS].
	Isolation Isolation
	// Hosts are host names of the program's own, asked before the router: from name to base32 name
	// (also one of an encrypted lease set) or base64 destination.
	Hosts map[string]string
	// Book, if set, finds the names that are not in Hosts, in place of the router's address book,
	// which is asked only if the Book does so itself.
	Book *addrbook.Book
	// DialTimeout bounds each dial. 0 means 120 s, as tunnels are slow; negative means no bound
	// but the context's.
	DialTimeout time.Duration
	// Secret is the password that SOCKS clients must give: up to 255 bytes without NUL. Empty means one
	// made at random for each SOCKS port.
	Secret Secret
	// NoSecret lets any program that reaches a SOCKS port use it. It must not be combined with Secret.
	NoSecret bool
	// AllowRemote permits SOCKS ports on addresses other than loopback. They need a secret all the same.
	AllowRemote bool
	// ExtendedErrors lets SOCKS 5 ports answer failures with Tor's codes F0 to F7 (its proposal
	// 304), which tell more; only for clients that know them.
	ExtendedErrors bool
	// VirtualAddresses serves programs that know IP addresses only, such as those run by torsocks:
	// RESOLVE answers them with addresses of this prefix, as in [socks.Server]. The zero Prefix is none.
	VirtualAddresses netip.Prefix
	// ConfigureSOCKS, if set, changes the server of each SOCKS port before it serves: for limits, timeouts, and what
	// clients may do. Allow is asked about hosts in I2P only, whatever it is. As it stands it refuses BIND as the
	// endpoint's own identity, since who binds a port of it gets the streams that are meant for the program; nil
	// permits all commands, and [socks.Commands], [socks.Ports] and [socks.Hosts] make policies. With a
	// token, BIND is up to [Isolation]. Dialer, Select and Authenticate cannot be changed.
	ConfigureSOCKS func(s *socks.Server)
	// Hooks observe the SOCKS ports. The requests that they see name hosts and hold secrets. Nil is none.
	Hooks *socks.Hooks
	// StatusChanged, if set, is called with each new state of the endpoint's own session, as
	// [sam.Session.StatusChanged].
	StatusChanged func(dialer.Status)
	// Logger gets what happens, without names, destinations and keys. Nil is silent.
	Logger *slog.Logger

	mu       sync.Mutex
	assets   *assets  // nil before a start that worked
	attempt  *attempt // the start that goes on; nil when none does
	lost     bool     // Keys has lost the identity
	closed   bool
	ended    chan struct{}    // closed when Close is done; nil before it is called
	isolated *dialer.Isolated // nil before the first use
	http     *transport       // nil before the first use
	proxies  map[*Proxy]struct{}
}

var (
	_ dialer.Backend = (*Endpoint)(nil)
	_ dialer.Aborter = (*Endpoint)(nil)
)

// defaultName is what an unnamed identity is called in a store.
const defaultName = "default"

// Up waits until the tunnels stand. It fails at once if there is no router and there never was one, unless
// AwaitRouter is set.
func (e *Endpoint) Up(ctx context.Context) error {
	has, err := e.start(ctx)
	if err != nil {
		return err
	}
	return e.patiently(ctx, "up", func() error { return has.backend.Up(ctx) })
}

// Addr returns the address of the identity, with port 0. It needs no router, but waits for Keys. It is zero
// if the endpoint cannot be started at all; [Endpoint.Up] tells why.
func (e *Endpoint) Addr() dialer.Addr {
	has, err := e.start(context.Background())
	if err == nil {
		return has.backend.Addr()
	}
	e.mu.Lock()
	has = e.assets
	e.mu.Unlock()
	if has != nil { // closed
		return has.backend.Addr()
	}
	return dialer.Addr{}
}

// Status returns how the endpoint is at this moment. It starts nothing and waits for nothing.
func (e *Endpoint) Status() dialer.Status {
	e.mu.Lock()
	has, starting, closed := e.assets, e.attempt != nil, e.closed
	e.mu.Unlock()
	switch {
	case has != nil:
		return has.backend.Status()
	case closed:
		return dialer.Status{State: dialer.Closed}
	case starting:
		return dialer.Status{State: dialer.Starting}
	}
	return dialer.Status{}
}

// Dial is DialContext without a context. It makes the Endpoint a [proxy.Dialer].
//
// [proxy.Dialer]: https://pkg.go.dev/golang.org/x/net/proxy#Dialer
func (e *Endpoint) Dial(network, address string) (net.Conn, error) {
	return e.DialContext(context.Background(), network, address)
}

// DialContext opens a stream to "host:port": a name in Hosts or in the router's address book, a
// base32 name, or a base64 destination. network is "tcp" or "i2p". Errors are [*net.OpError]
// around the Err values of package dialer.
//
// A [http.Transport] or [tls.Config] of the program's own over it needs RootCAs of its own, be it an empty
// pool: on Windows and macOS the system's verifier, which Go asks otherwise, fetches missing certificates from
// addresses that the site names, past I2P. [Endpoint.HTTPClient] does not ask it.
//
// [tls.Config]: https://pkg.go.dev/crypto/tls#Config
func (e *Endpoint) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := e.dialContext(ctx)
	defer cancel()
	has, err := e.start(ctx)
	if err != nil {
		return nil, err
	}
	return has.names.dial(ctx, has.backend, network, address)
}

// dialContext bounds a dial, if ctx does not already.
func (e *Endpoint) dialContext(ctx context.Context) (context.Context, context.CancelFunc) {
	return bound.Context(ctx, e.dialTime())
}

func (e *Endpoint) dialTime() time.Duration { return cmp.Or(e.DialTimeout, sam.DefaultDialTimeout) }

// Listen accepts streams to the identity. It waits until the tunnels stand. address is ":port"; which ports
// can be told apart depends on the router, see [sam.Session.Listen].
func (e *Endpoint) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	has, err := e.start(ctx)
	if err != nil {
		return nil, err
	}
	var ln net.Listener
	err = e.patiently(ctx, "listen", func() (err error) {
		ln, err = has.backend.Listen(ctx, network, address)
		return err
	})
	return ln, err
}

// Format prints the name alone, whatever the verb. Inside a struct that holds an Endpoint by value fmt does not
// call it, and prints the fields, but the Secret: see [Secret].
func (e *Endpoint) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "i2psocks.Endpoint(%s)", e.Name) }
