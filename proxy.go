package i2psocks

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
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
	err      error         // why; set before
	lasting  bool          // its tokens keep their identities
	scope    string        // tells its tokens from those of other ports
}

// Format prints only the address, whatever the verb, and never the secret.
func (p *Proxy) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "i2psocks.Proxy(%s)", p.listener.Addr()) }

// newProxy serves a listener, which it closes if it fails. Tokens of a random port are transient.
func (e *Endpoint) newProxy(has *assets, ln net.Listener, secret Secret, random bool) (*Proxy, error) {
	p := &Proxy{
		endpoint: e, listener: ln, served: make(chan struct{}),
		server: &socks.Server{
			DialTimeout: e.DialTimeout, VirtualAddresses: e.VirtualAddresses, Hooks: e.Hooks, Logger: e.Logger,
			ExtendedErrors: e.ExtendedErrors, ReplyFor: replyFor, Budget: has.budget,
		},
	}
	if secret != "" {
		p.user = url.UserPassword(e.user(), string(secret))
	}
	p.isolateAs(random)
	p.server.Allow = p.guardBind
	if e.ConfigureSOCKS != nil {
		e.ConfigureSOCKS(p.server)
	}
	if policy := p.server.Allow; policy == nil {
		p.server.Allow = admit
	} else {
		p.server.Allow = socks.All(admit, policy)
	}
	p.server.Select, p.server.Authenticate = p.choose, nil
	if secret != "" {
		p.server.Authenticate = socks.Secret(string(secret))
	}
	if !e.track(p) {
		ln.Close()
		return nil, dialer.OpError("listen", nil, dialer.ErrSessionClosed)
	}
	go p.serve()
	return p, nil
}

func (p *Proxy) serve() {
	defer close(p.served)
	if err := p.server.Serve(p.listener); !errors.Is(err, socks.ErrServerClosed) {
		p.err = err
		p.endpoint.log().Error("SOCKS port failed", "err", err)
	}
}

// replyFor tells SOCKS what it cannot know: what will not pass by itself, and which failures Tor's codes name. Without
// ExtendedErrors the server answers the plain code next to them.
func replyFor(err error) socks.Reply {
	switch {
	case errors.Is(err, ErrMaxPersistent):
		return socks.NotAllowed
	case errors.Is(err, sam.ErrClientKey), errors.Is(err, i2cp.ErrClientKey):
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

// URL returns the URL for clients, "socks5h://user:secret@127.0.0.1:port", for example for a flag; for their
// environment see [Proxy.Env]. It contains the secret. The "h" makes clients send host names to the proxy. The URL of
// a unix socket is "socks5h://localhost:0/path", which curl understands; programs that do not will fail to connect to
// port 0.
func (p *Proxy) URL() *url.URL {
	u := &url.URL{Scheme: "socks5h", User: p.user, Host: p.Addr().String()}
	if p.Addr().Network() == "unix" {
		u.Host, u.Path = "localhost:0", p.Addr().String()
		return u
	}
	if a, err := netip.ParseAddrPort(u.Host); err == nil && a.Addr().IsUnspecified() {
		// A name such as localhost may lead elsewhere: to an address on which another user may listen.
		ip := "127.0.0.1"
		if a.Addr().Is6() && onlyIPv6(p.listener) {
			ip = "::1"
		}
		u.Host = net.JoinHostPort(ip, strconv.Itoa(int(a.Port())))
	}
	return u
}

// Done returns a channel that is closed when the port accepts no more connections: after Shutdown or Close, or
// because its listener failed, see [Proxy.Err]. Existing connections may continue; Close ends them.
func (p *Proxy) Done() <-chan struct{} { return p.served }

// Err returns the error of the listener if it failed. It is nil while the port works, and after Shutdown or Close.
func (p *Proxy) Err() error {
	select {
	case <-p.served:
		return p.err
	default:
		return nil
	}
}

// Status returns the current state of the port.
func (p *Proxy) Status() socks.Status { return p.server.Status() }

// Shutdown closes the port and waits until its connections have ended. If ctx ends first, it closes the remaining
// connections and returns the error of ctx.
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
