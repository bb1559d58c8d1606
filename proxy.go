package i2psocks

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/socks"
)

// Proxy is a SOCKS port of an [Endpoint]. Its methods may be called by several goroutines at once.
type Proxy struct {
	endpoint *Endpoint
	server   *socks.Server
	listener net.Listener
	user     *url.Userinfo
	served   chan struct{} // closed when no connection is accepted any more
	lasting  bool          // its tokens keep their identities
	scope    string        // tells its tokens from those of other ports
}

// Format prints the address alone, whatever the verb, and so never the secret.
func (p *Proxy) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "i2psocks.Proxy(%s)", p.listener.Addr()) }

// ErrExposed reports that a SOCKS port was asked for on an address that other machines can reach.
var ErrExposed = errors.New("a SOCKS port beyond loopback needs a secret and AllowRemote")

// ListenSOCKS opens a port that speaks SOCKS 4, 4a and 5. network is "tcp", "tcp4" or "tcp6", with
// an address "IP:port" or "localhost:port", where port 0 takes a free one; or "unix" with the path
// of a socket, as [socks.ListenUnix]. Clients must give the endpoint's Secret as password, unless
// NoSecret is set: [Proxy.URL] holds what they need. SOCKS 4 clients give "user:password" as
// user-id. A unix socket, which only this user can reach, has no secret but a given one.
//
// The user name is an isolation token, and without a secret user name and password together are
// one: clients with the same token share an identity of their own, which no other token and no
// other port has. Those that give none, or exactly the user name of [Proxy.URL], are the
// endpoint's own identity. See [Endpoint.Isolation].
//
// What is not of I2P is refused. An IPv6 address of GarliCat (see [i2phost.GarliCat]) is of I2P: it is
// the entry of Hosts or the Book that has it.
//
// It fails with [ErrExposed] for an address that is not loopback. The session starts with
// the first request, or with [Endpoint.Up].
//
// [i2phost.GarliCat]: https://pkg.go.dev/github.com/go-i2p/i2psocks/addrbook/i2phost#GarliCat
func (e *Endpoint) ListenSOCKS(ctx context.Context, network, address string) (*Proxy, error) {
	if _, err := e.start(); err != nil {
		return nil, err
	}
	secret := e.Secret
	if secret == "" && !e.NoSecret && network != "unix" {
		secret = rand.Text()
	}
	ln, err := e.listen(ctx, network, address, secret)
	if err != nil {
		return nil, err
	}
	p := &Proxy{
		endpoint: e, listener: ln, served: make(chan struct{}),
		server: &socks.Server{
			Allow: admit, DialTimeout: e.DialTimeout, VirtualAddresses: e.VirtualAddresses, Hooks: e.Hooks, Logger: e.Logger,
			ExtendedErrors: e.ExtendedErrors, ReplyFor: replyFor, Budget: e.budget,
		},
	}
	if secret != "" {
		p.server.Authenticate = socks.Secret(secret)
		p.user = url.UserPassword(e.user(), secret)
	}
	p.isolateAs(strings.HasSuffix(address, ":0") && network != "unix")
	p.server.Select = p.choose
	if !e.track(p) {
		ln.Close()
		return nil, dialer.OpError("listen", nil, dialer.ErrSessionClosed)
	}
	go func() {
		defer close(p.served)
		if err := p.server.Serve(ln); !errors.Is(err, socks.ErrServerClosed) {
			e.Logger.Error("SOCKS port failed", "err", err)
		}
	}()
	return p, nil
}

func (e *Endpoint) listen(ctx context.Context, network, address, secret string) (net.Listener, error) {
	if network == "unix" {
		return socks.ListenUnix(address)
	}
	address, err := e.listenAddress(network, address, secret)
	if err != nil {
		return nil, err
	}
	return new(net.ListenConfig).Listen(ctx, network, address)
}

// replyFor tells SOCKS what it cannot know: which failures Tor's codes name. Without
// ExtendedErrors the server answers the plain code next to them.
func replyFor(err error) socks.Reply {
	switch {
	case errors.Is(err, sam.ErrClientKey):
		return socks.MissingClientAuth // or the wrong one: routers do not tell
	case errors.Is(err, dialer.ErrLeaseSetNotFound):
		return socks.DescriptorNotFound
	case errors.Is(err, dialer.ErrBadDestination):
		return socks.BadAddress
	case errors.Is(err, dialer.ErrTimeout):
		return socks.IntroductionTimedOut
	}
	return socks.Succeeded // no opinion
}

// user is the user name in a proxy's URL.
func (e *Endpoint) user() string {
	if e.Name != "" {
		return e.Name
	}
	return "i2psocks"
}

// listenAddress checks where a port is asked for. Names are not looked up.
func (e *Endpoint) listenAddress(network, address, secret string) (string, error) {
	switch network {
	case "tcp", "tcp4", "tcp6":
	default:
		return "", net.UnknownNetworkError(network)
	}
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return "", err
	}
	if _, err := strconv.ParseUint(port, 10, 16); err != nil {
		return "", fmt.Errorf("port %q is not a number from 0 to 65535", port)
	}
	loopback := host == "localhost"
	switch {
	case loopback && network == "tcp6":
		host = "::1"
	case loopback:
		host = "127.0.0.1"
	case host != "":
		ip, err := netip.ParseAddr(host)
		if err != nil {
			return "", fmt.Errorf("SOCKS address %q: host must be an IP address or localhost", address)
		}
		loopback = ip.IsLoopback()
	}
	if !loopback && (secret == "" || !e.AllowRemote) {
		return "", ErrExposed
	}
	return net.JoinHostPort(host, port), nil
}

func (e *Endpoint) track(p *Proxy) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return false
	}
	if e.proxies == nil {
		e.proxies = make(map[*Proxy]struct{})
	}
	e.proxies[p] = struct{}{}
	return true
}

func (e *Endpoint) forget(p *Proxy) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.proxies, p)
}

// Addr returns the address that the port listens on.
func (p *Proxy) Addr() net.Addr { return p.listener.Addr() }

// URL returns what clients are to be given, for example in ALL_PROXY:
// "socks5h://user:secret@127.0.0.1:port". The h makes them leave names to the proxy. It holds the
// secret. A unix socket is "socks5h://localhost/path", as curl has it.
func (p *Proxy) URL() *url.URL {
	if p.Addr().Network() == "unix" {
		return &url.URL{Scheme: "socks5h", User: p.user, Host: "localhost", Path: p.Addr().String()}
	}
	host := p.Addr().String()
	if a, err := netip.ParseAddrPort(host); err == nil && a.Addr().IsUnspecified() {
		host = net.JoinHostPort("localhost", strconv.Itoa(int(a.Port())))
	}
	return &url.URL{Scheme: "socks5h", User: p.user, Host: host}
}

// Status returns how the port is at this moment.
func (p *Proxy) Status() socks.Status { return p.server.Status() }

// Shutdown closes the port and waits until the connections are over, or until ctx ends; what is left
// then is cut, and ctx's error returned.
func (p *Proxy) Shutdown(ctx context.Context) error {
	err := p.server.Shutdown(ctx)
	p.end()
	return err
}

// Close closes the port and its connections at once.
func (p *Proxy) Close() error {
	err := p.server.Close()
	p.end()
	return err
}

func (p *Proxy) end() {
	<-p.served
	p.retire()
	p.endpoint.forget(p)
}
