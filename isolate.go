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

// Isolation configures how an [Endpoint] separates activities that must not be linked. Each token, given to
// [Endpoint.Isolate] or as credentials to a SOCKS port, has an identity, a session and streams of its own. The zero
// value permits 16 identities, each of which ends when it has been idle for 10 minutes.
type Isolation struct {
	// Off makes all SOCKS clients use the endpoint's own identity, whatever their credentials.
	Off bool
	// Persistent stores the identity of each token in Keys or Dir, one of which must be set. Its name there reveals
	// nothing about the token and can be derived only with the endpoint's own identity. Tokens of a SOCKS port belong
	// to its address; those of a port with a random number are transient even so.
	Persistent bool
	// MaxPersistent is the maximum number of identities of tokens in Keys or Dir, whichever endpoint made them: a
	// client of a SOCKS port can invent as many user names as it likes. Beyond it the identity of a new token is
	// refused with [ErrMaxPersistent]; the existing ones remain usable, and none is ever deleted. 0 means
	// [DefaultMaxPersistent]; negative means no limit. What others save in the same store, or delete, counts after
	// at most a minute.
	MaxPersistent int
	// Listen publishes the identities, so that they can be listened on; BIND by a SOCKS client with a token needs it.
	// Otherwise they can only dial, and are not published.
	Listen bool
	// Quantity is the number of tunnels in each direction of each identity, 1 to 6. 0 means 2.
	Quantity int
	// Max, Idle and Spares are those of [dialer.Isolated]. With Persistent there are no spares. Remote hosts, and
	// other users of the machine, each get at most half of what the others leave of Max, see
	// [dialer.Isolated.GetFor]. Programs of this user on this machine are not distinguished: one of them, with many
	// user names, can use all.
	Max    int
	Idle   time.Duration
	Spares int
	// Configure, if set, changes each session before its first use, as [Endpoint.Configure] does for the endpoint's
	// own. Settings that peers can see, such as a credential for encrypted lease sets, link the identities that share
	// them.
	Configure func(s *sam.Session)
	// ConfigureI2CP is Configure for sessions over I2CP. It cannot change their Signer.
	ConfigureI2CP func(s *i2cp.Session)
	// Book, if set, returns the book in which an identity looks up names that are not in Hosts; nil means none. It is
	// called for each dial, lookup and packet connection, and must return the same Book for the same token, and
	// different ones for different tokens: what a Book has learnt from feeds or a router links the identities that
	// share it. Only a Book with a Router asks that router. The token is that of Isolate; for a SOCKS client it is
	// derived from port and credentials. For the meaning of a nil Book function see [Endpoint.Isolate].
	Book func(token string) *addrbook.Book
	// New, if set, makes the backend of a new identity instead of a [sam.Session]. An endpoint whose Backend field is
	// set refuses isolation tokens unless New is set. It must not be combined with Persistent, as such an identity is
	// not stored.
	New func(ctx context.Context) (dialer.Backend, error)
}

// defaultIsolatedQuantity keeps the load on the network low: each identity costs that many tunnels
// in each direction.
const defaultIsolatedQuantity = 2

// Isolate returns a backend with an identity for this token alone: nothing links it to the endpoint's own identity or
// that of another token. It ends with the endpoint. It shares the endpoint's router, DialTimeout and names: Hosts,
// and the program's own entries of Book, see [addrbook.Book.Local]. Names that the Book has learnt from feeds or the
// router are not used, because a feed could give each subscriber a different destination for a name and so recognise
// all identities that connect to it. Other names are looked up at the router by the identity's own session, unless
// there is a Book without a Router. Isolation.Book changes this.
//
// The identity starts when it is first used; see [dialer.Isolated.Get], also for the meaning of Close. For an HTTP
// client or a SOCKS port of the identity, set it as the Backend of another Endpoint.
//
// If tokens of different programs, or of two runs, share a store and must not share identities, prefix them with a
// random string.
func (e *Endpoint) Isolate(token string) dialer.Backend {
	return e.isolate("", isolationKey(e.Isolation.Persistent, "", token, ""), token)
}

// IsolatedStatus returns the current state of the isolated identities.
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
		id, err = e.lasting(ctx, has, has.isolatedName(key))
	} else {
		id, err = keys.Generate()
	}
	if err != nil {
		return nil, err
	}
	return e.fresh(has, id), nil
}

// lasting loads the identity of a token, or makes it on first use. A store of the host's own, which may not look at
// contexts, is waited for until Close, and not beyond.
func (e *Endpoint) lasting(ctx context.Context, has *assets, name string) (keys.Identity, error) {
	if e.Keys == nil {
		return keys.LoadOrGenerate(ctx, has.tokens, name)
	}
	var id keys.Identity
	loaded := make(chan error, 1)
	go func() {
		found, err := keys.LoadOrGenerate(ctx, has.tokens, name)
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
	return isolatedPrefix + hex.EncodeToString(mac.Sum(nil)[:tokenDigits/2])
}
