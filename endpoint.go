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

// Endpoint is one I2P identity of the program, with which it dials, listens and offers SOCKS ports. The zero value
// has a new identity and uses the router at [sam.DefaultAddress]. Exported fields may be changed until the first
// method call, not after. An Endpoint must not be copied. Its methods may be called by several goroutines at once.
//
// The first use starts the endpoint; a start that failed is tried again at the next use. Nothing but the router is
// ever dialled: addresses outside I2P fail with [dialer.ErrNotI2P].
type Endpoint struct {
	// Name is the name of the identity in Keys, and is shown in the router's console: up to 64 lower-case letters,
	// digits, '_' and '-'. Empty means "default" in Keys.
	Name string
	// Dir is the directory of the endpoint's state; keys are stored in its subdirectory "keys". It is created, with
	// mode 0700, if it does not exist. Empty means that nothing is stored: every Endpoint has a new identity.
	Dir string
	// Keys, if set, stores the identity instead of Dir. If the store has a method Lost, as that of keys/etcd has, and
	// reports that the identity was lost, the endpoint ends by [Endpoint.Abort].
	Keys keys.Store
	// SAM is the router's SAM bridge, as in [sam.Session.Address]. Empty means [sam.DefaultAddress].
	SAM string
	// I2CP, if set, is the router's I2CP port, as in [i2cp.Session.Address], such as [i2cp.DefaultAddress]. All
	// sessions are then [i2cp.Session]s; package i2cp lists the differences. Fallbacks and DialBridge then refer to
	// I2CP. It must not be combined with the fields that are specific to SAM, unless Router is set, nor with Backend.
	I2CP string
	// SAMUser and SAMPassword are the credentials of the SAM bridge, as [sam.Session.User] and Password.
	SAMUser     string
	SAMPassword func() string
	// Fallbacks are the SAM bridges of other routers, used in turn when the current one is not available: see
	// [sam.Session].
	Fallbacks []string
	// DialBridge, if set, opens all connections to the routers, as [sam.Session.DialBridge].
	DialBridge func(ctx context.Context, network, address string) (net.Conn, error)
	// Router, if set, is a private router such as an [*i2pd.Router]. It is started if no running router is found, and
	// closed by Close. A running router is looked for over SAM, then over I2CP; a started one is used over SAM. If
	// only one of SAM and I2CP is set, or has settings here, only that one is used. The choice is made once, by the
	// first connection, for all sessions; an error names everything that was tried. If sessions may use either,
	// Configure and ConfigureI2CP must be both set or both nil, and no Signer may be set. Router must not be combined
	// with Fallbacks, DialBridge or Backend. Datagrams over SAM then use the control connection, see
	// [sam.Session.ListenPacket].
	//
	// [*i2pd.Router]: https://pkg.go.dev/github.com/go-i2p/i2psocks/dialer/i2pd#Router
	Router Router
	// AwaitRouter makes Up and Listen wait, within their context, for a router that is not running yet, for a program
	// that is started together with its router. Without it they fail at once with [dialer.ErrRouterDown], as dials
	// always do until a router has been reached.
	AwaitRouter bool
	// Configure, if set, changes the session of the endpoint's own identity before its first use, for settings that
	// have no field here. It does not apply to isolated identities, see [Isolation]. The Identity is set, and cannot
	// be changed. The start of the endpoint waits for it: methods of the endpoint that it calls fail with
	// [ErrStarting], except Status and Close, and it must not wait for goroutines that call them.
	Configure func(s *sam.Session)
	// ConfigureI2CP is Configure for sessions over I2CP. If it sets the Signer, that replaces the identity of Keys or
	// Dir.
	ConfigureI2CP func(s *i2cp.Session)
	// Backend, if set, is used instead of a [sam.Session] made from the other fields. Close closes it.
	Backend dialer.Backend
	// Inbound and Outbound are the lengths and numbers of the tunnels.
	Inbound, Outbound sam.Tunnels
	// Isolation configures the identities of isolation tokens: see [Endpoint.Isolate] and [Endpoint.ListenSOCKS].
	Isolation Isolation
	// Hosts are host names that the program defines, looked up before the router is asked. They map a name to a
	// base32 name (also that of an encrypted lease set) or a base64 destination.
	Hosts map[string]string
	// Book, if set, is asked for names that are not in Hosts, instead of the router's address book. The router is
	// then asked only if the Book does so.
	Book *addrbook.Book
	// DialTimeout bounds each dial and lookup, also of the sessions and SOCKS ports. 0 means the defaults of those, such
	// as [i2cp.DefaultDialTimeout], within [DefaultDialTimeout] for all of a dial: the start, Keys, Router, Book and
	// Backend. Negative means that only the context bounds it. See docs/timeouts.md.
	DialTimeout time.Duration
	// Secret is the password that SOCKS clients must give: up to 255 bytes without NUL. Empty means a random one for
	// each SOCKS port.
	Secret Secret
	// NoSecret lets any program that can reach a SOCKS port use it. It must not be combined with Secret.
	NoSecret bool
	// AllowRemote permits SOCKS ports on addresses other than loopback. They still need a secret.
	AllowRemote bool
	// ExtendedErrors makes SOCKS 5 ports answer some failures with Tor's more specific codes (Tor proposal 304), for
	// clients that know them: [socks.DescriptorNotFound] if no lease set is found, [socks.MissingClientAuth] if its key is
	// missing or wrong, [socks.BadAddress] for malformed names, and [socks.IntroductionTimedOut].
	ExtendedErrors bool
	// VirtualAddresses is for programs that accept IP addresses only, such as those run by torsocks: RESOLVE returns
	// addresses of this prefix, as described at [socks.Server]. The zero Prefix disables it.
	VirtualAddresses netip.Prefix
	// ConfigureSOCKS, if set, changes the server of each SOCKS port before it serves: limits, timeouts and
	// permissions. Allow is asked about hosts in I2P only, whatever it is set to. Its initial value refuses BIND as
	// the endpoint's own identity, because the client would receive streams that are meant for the program. Nil
	// permits all commands; [socks.Commands], [socks.Ports] and [socks.Hosts] make policies. BIND by clients with an
	// isolation token depends on [Isolation]. Dialer, Select and Authenticate cannot be changed.
	ConfigureSOCKS func(s *socks.Server)
	// Hooks observe the SOCKS ports. The requests that they receive contain host names and passwords. Nil means none.
	Hooks *socks.Hooks
	// StatusChanged, if set, is called with each new state of the endpoint's own session, as
	// [sam.Session.StatusChanged].
	StatusChanged func(dialer.Status)
	// Logger receives log records, without host names, destinations and keys. Its handler may ask for the Status, but
	// must not wait for the endpoint. Nil disables logging.
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

// DefaultDialTimeout is the meaning of a zero [Endpoint.DialTimeout]. It is longer than that of any session, whose
// errors say more.
const DefaultDialTimeout = 180 * time.Second

// defaultName is what an unnamed identity is called in a store.
const defaultName = "default"

// Up waits until the tunnels are built. If no router has been reached yet it fails at once, unless AwaitRouter is
// set.
func (e *Endpoint) Up(ctx context.Context) error {
	has, err := e.start(ctx)
	if err != nil {
		return err
	}
	return e.patiently(ctx, "up", func() error { return has.backend.Up(ctx) })
}

// Addr returns the address of the identity, with port 0. It needs no router, but may wait for Keys. It is zero if the
// endpoint cannot be started; [Endpoint.Up] returns the reason.
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

// Status returns the current state of the endpoint. It starts nothing and does not block.
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

// DialContext opens a stream to "host:port". The host is a name in Hosts, the Book or the router's address book, a
// base32 name, or a base64 destination. network is "tcp" or "i2p". Errors are *net.OpError that wrap the Err values
// of package dialer.
//
// An http.Transport or [tls.Config] of the program that uses it needs RootCAs of its own, at least an empty pool.
// With nil RootCAs, Go uses the system's verifier on Windows and macOS, which fetches missing certificates over the
// clearnet from addresses that the site chooses. [Endpoint.HTTPClient] does not use it.
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

func (e *Endpoint) dialTime() time.Duration { return cmp.Or(e.DialTimeout, DefaultDialTimeout) }

// Listen accepts streams to the identity. It waits until the tunnels are built. address is ":port". Whether ports are
// distinguished depends on the router, see [sam.Session.Listen].
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

// Format prints only the name, whatever the verb. If a struct holds an Endpoint by value, package fmt does not call
// Format and prints the fields except the Secret: see [Secret].
func (e *Endpoint) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "i2psocks.Endpoint(%s)", e.Name) }
