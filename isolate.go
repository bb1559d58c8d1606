package i2psocks

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

// Isolation says how an [Endpoint] keeps apart what must not be linked. Each token, given to
// [Endpoint.Isolate] or as credentials to a SOCKS port, has an identity, a session and streams of
// its own. The zero value keeps 16 identities at most, which last until they have been idle for 10
// minutes.
type Isolation struct {
	// Off lets all SOCKS clients share the endpoint's identity, whatever their credentials.
	Off bool
	// Persistent keeps the identity of each token in Keys or Dir, one of which must be set. Its
	// name there tells nothing of the token, and only who has the endpoint's own identity finds it
	// again. Tokens of a SOCKS port belong to its address; those of a port taken at random are
	// transient all the same.
	Persistent bool
	// Listen lets the identities be found and listened on, which BIND of a SOCKS client with a
	// token needs. Without it they can only dial, and are published nowhere.
	Listen bool
	// Quantity is the number of tunnels in each direction of each identity, 1 to 6. 0 means 2.
	Quantity int
	// Max, Idle and Spares are those of [dialer.Isolated]. With Persistent there are no spares.
	Max    int
	Idle   time.Duration
	Spares int
	// Configure, if set, changes each session before its first use, as [Endpoint.Configure] does the
	// endpoint's own. What a peer sees of it, such as a credential for encrypted lease sets, links the
	// identities that have it.
	Configure func(s *sam.Session)
	// New, if set, makes the backend of a fresh identity in place of a [sam.Session]. An endpoint
	// with a Backend of the host's own isolates nothing without it: what asks for it is refused.
	New func(ctx context.Context) (dialer.Backend, error)
}

// defaultIsolatedQuantity keeps the load on the network low: each identity costs that many tunnels
// in each direction.
const defaultIsolatedQuantity = 2

// Isolate returns an identity that only this token has: nothing links it to the endpoint's own or
// to that of another token. It shares the endpoint's Hosts, DialTimeout and router, and ends with
// it. It starts when it is used; see [dialer.Isolated.Get], also for its Close. For an HTTP client
// or a SOCKS port of the identity, make it the Backend of another Endpoint.
//
// Tokens of different programs, or of two runs, that must not meet in one store need to differ:
// let them start with a random prefix.
func (e *Endpoint) Isolate(token string) dialer.Backend {
	return e.isolate(isolationKey(e.Isolation.Persistent, "", token, ""))
}

// IsolatedStatus returns how the isolated identities are at this moment.
func (e *Endpoint) IsolatedStatus() []dialer.IsolatedStatus { return e.pool().Status() }

// isolationKey makes one key of the parts, different for all parts that differ. A scope is a SOCKS
// port, or empty.
func isolationKey(lasting bool, scope, username, password string) string {
	kind := "transient"
	if lasting {
		kind = "lasting"
	}
	return fmt.Sprintf("%s %q %q %q", kind, scope, username, password)
}

func (e *Endpoint) isolate(key string) dialer.Backend {
	return &isolated{e.pool().Get(key), e}
}

// isolated is an isolated identity, which looks names up as its endpoint does.
type isolated struct {
	dialer.Backend
	endpoint *Endpoint
}

// Format keeps fmt from printing the endpoint and its secret.
func (i *isolated) Format(w fmt.State, _ rune) { io.WriteString(w, "i2psocks.Isolated") }

func (i *isolated) Dial(network, address string) (net.Conn, error) {
	return i.DialContext(context.Background(), network, address)
}

func (i *isolated) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if _, err := i.endpoint.start(); err != nil {
		return nil, err
	}
	address, err := i.endpoint.resolve(ctx, network, address)
	if err != nil {
		return nil, dialer.OpError("dial", nil, err)
	}
	return i.Backend.DialContext(ctx, network, address)
}

// pool returns the isolated identities.
func (e *Endpoint) pool() *dialer.Isolated {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.isolated == nil {
		e.isolated = &dialer.Isolated{
			New: e.newIsolated, Logger: e.Logger,
			Max: e.Isolation.Max, Idle: e.Isolation.Idle, Spares: e.Isolation.Spares,
		}
		if e.Isolation.Persistent {
			e.isolated.Spares = 0
		}
	}
	return e.isolated
}

// newIsolated makes the backend of a key, or a spare.
func (e *Endpoint) newIsolated(ctx context.Context, key string) (dialer.Backend, error) {
	if _, err := e.start(); err != nil {
		return nil, err
	}
	if e.Isolation.New != nil {
		return e.Isolation.New(ctx)
	}
	if e.Backend != nil {
		return nil, fmt.Errorf("isolation of a Backend of the host's own: %w", errors.ErrUnsupported)
	}
	s := e.session()
	s.DialOnly = !e.Isolation.Listen
	s.Inbound.Quantity = e.Isolation.Quantity
	if s.Inbound.Quantity == 0 {
		s.Inbound.Quantity = defaultIsolatedQuantity
	}
	s.Outbound.Quantity = s.Inbound.Quantity
	if e.Isolation.Configure != nil {
		e.Isolation.Configure(s)
		s.Identity = keys.Identity{}
	}
	if strings.HasPrefix(key, "lasting ") {
		var err error
		if s.Identity, err = keys.LoadOrGenerate(ctx, e.store(), e.isolatedName(key)); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// isolatedName is under which name a key's identity is kept. Only who has the secret of the endpoint's own
// identity can tell which token it is of; endpoints that share a store have different ones.
func (e *Endpoint) isolatedName(key string) string {
	mac := hmac.New(sha256.New, []byte(e.id.Reveal()))
	mac.Write([]byte(key))
	return "i-" + hex.EncodeToString(mac.Sum(nil)[:20])
}

// store is where identities are kept, nil if they are not.
func (e *Endpoint) store() keys.Store {
	switch {
	case e.Keys != nil:
		return e.Keys
	case e.dir != nil:
		return e.dir
	}
	return nil
}

// isolateAs names the port, apart from all others: by its address if its tokens have lasting
// identities, else at random.
func (p *Proxy) isolateAs(random bool) {
	p.lasting = p.endpoint.Isolation.Persistent && !random
	p.scope = rand.Text()
	if p.lasting {
		p.scope = p.Addr().String()
	}
}

// choose returns as whom a request is served.
func (p *Proxy) choose(_ context.Context, r *socks.Request) (proxy.ContextDialer, error) {
	username, password := r.Username, r.Password
	if p.user != nil { // the password is the secret
		password = ""
		if username == p.user.Username() {
			username = ""
		}
	}
	if p.endpoint.Isolation.Off || username == "" && password == "" {
		return p.endpoint, nil
	}
	return p.endpoint.isolate(isolationKey(p.lasting, p.scope, username, password)), nil
}

// retire ends the identities of the port's tokens.
func (p *Proxy) retire() {
	prefix := strings.TrimSuffix(isolationKey(p.lasting, p.scope, "", ""), `"" ""`)
	p.endpoint.pool().Retire(func(key string) bool { return strings.HasPrefix(key, prefix) })
}
