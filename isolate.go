package i2psocks

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/keys"
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
	// Max, Idle and Spares are those of [dialer.Isolated]. With Persistent there are no spares. Other hosts and other
	// users of the machine each get at most half of what the rest leave of Max, see [dialer.Isolated.GetFor]. Programs of
	// this user on this machine are not told apart: one with many user names can use all.
	Max    int
	Idle   time.Duration
	Spares int
	// Configure, if set, changes each session before its first use, as [Endpoint.Configure] does the
	// endpoint's own. What a peer sees of it, such as a credential for encrypted lease sets, links the
	// identities that have it.
	Configure func(s *sam.Session)
	// ConfigureI2CP is Configure for sessions over I2CP. It cannot change their Signer.
	ConfigureI2CP func(s *i2cp.Session)
	// Book, if set, returns the book in which an identity finds the names that are not in Hosts, nil for none. It is
	// asked for each dial, lookup and packet connection, and should return the same Book for the same token, and
	// no other: what a Book has learnt, from feeds or from a router, links the identities that share it. A
	// Book with a Router asks that one; without, the router is not asked. The token is that of Isolate; that of a
	// SOCKS client is made of its port and its credentials. See [Endpoint.Isolate] for what nil stands for.
	Book func(token string) *addrbook.Book
	// New, if set, makes the backend of a fresh identity in place of a [sam.Session]. An endpoint
	// with a Backend of the host's own isolates nothing without it: what asks for it is refused.
	New func(ctx context.Context) (dialer.Backend, error)
}

// defaultIsolatedQuantity keeps the load on the network low: each identity costs that many tunnels
// in each direction.
const defaultIsolatedQuantity = 2

// Isolate returns an identity that only this token has: nothing links it to the endpoint's own or
// to that of another token. It ends with the endpoint, whose router, DialTimeout and names it shares: Hosts, and of
// Book what the program itself says, see [addrbook.Book.Local]. What feeds and the router have told the Book is left
// out, since who runs a feed could give each subscriber another destination for a name and know all
// identities that go there. Other names are left to the router, which the identity asks by its own session; not if
// there is a Book that has no Router, as then names are none of its business. [Isolation.Book] is another choice.
//
// The identity starts when it is used; see [dialer.Isolated.Get], also for its Close. For an HTTP client
// or a SOCKS port of the identity, make it the Backend of another Endpoint.
//
// Tokens of different programs, or of two runs, that must not meet in one store need to differ:
// let them start with a random prefix.
func (e *Endpoint) Isolate(token string) dialer.Backend {
	return e.isolate("", isolationKey(e.Isolation.Persistent, "", token, ""), token)
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

func (e *Endpoint) isolate(user, key, token string) dialer.Backend {
	return &isolated{e.pool().GetFor(user, key), e, token}
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
	has, err := e.start(ctx)
	if err != nil {
		return nil, err
	}
	if e.Isolation.New != nil {
		return e.Isolation.New(ctx)
	}
	if e.Backend != nil {
		return nil, fmt.Errorf("isolation of a Backend of the host's own: %w", errors.ErrUnsupported)
	}
	var id keys.Identity
	if strings.HasPrefix(key, "lasting ") {
		if id, err = e.lasting(ctx, has, has.isolatedName(key)); err != nil {
			return nil, err
		}
	}
	return e.fresh(has, id), nil
}

// lasting loads the identity of a token, or makes it on first use. A store of the host's own, which may not look at
// contexts, is waited for until Close, and not beyond.
func (e *Endpoint) lasting(ctx context.Context, has *assets, name string) (keys.Identity, error) {
	if e.Keys == nil {
		return keys.LoadOrGenerate(ctx, has.dir, name)
	}
	var id keys.Identity
	loaded := make(chan error, 1)
	go func() {
		found, err := keys.LoadOrGenerate(ctx, e.Keys, name)
		id = found
		loaded <- err
	}()
	select {
	case err := <-loaded:
		return id, err
	case <-has.stop:
		return keys.Identity{}, dialer.ErrSessionClosed
	}
}

// isolatedName is under which name a key's identity is kept. Only who has the secret of the endpoint's own
// identity can tell which token it is of; endpoints that share a store have different ones.
func (a *assets) isolatedName(key string) string {
	mac := hmac.New(sha256.New, []byte(a.id.Reveal()))
	mac.Write([]byte(key))
	return "i-" + hex.EncodeToString(mac.Sum(nil)[:20])
}
