package onramp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
	"github.com/go-i2p/i2psocks/keys"
)

// Backend is an identity of onramp's key store on the router at 127.0.0.1:7656. Exported fields may be changed until
// the first method call, not after. A Backend must not be copied. Its methods may be called by several goroutines at
// once.
type Backend struct {
	// Name is the identity: its key file is Name+".i2p.private" in onramp.I2P_KEYSTORE_PATH. Up to
	// 64 lower-case letters, digits, '_' and '-'.
	Name string
	// Options are I2CP options, each "key=value". Nil means three hops and three tunnels in each direction.
	Options []string
	// DialTimeout bounds each dial. 0 means DefaultDialTimeout; negative means no bound but the context's.
	DialTimeout time.Duration
	// Logger receives the state changes of the session, without names and keys. Its handler may ask for the Status,
	// but must not wait for the session. Nil disables logging.
	Logger *slog.Logger

	mu          sync.Mutex
	destination keys.Destination // zero before the key file was read
	status      dialer.Status
	opening     *opening
	session     *session
	listener    *listener
	streams     map[*stream]struct{}
	calls       int // calls into onramp that have not come back
	closed      bool
	claim       keeper.Claim
	base        context.Context // ends at Close; nil before the first start
	cancel      context.CancelFunc
}

var _ dialer.Backend = (*Backend)(nil)

// DefaultDialTimeout is what a zero Backend.DialTimeout means.
const DefaultDialTimeout = 120 * time.Second

const maxCalls = 256

// Up waits until the session is up. It fails with [fs.ErrNotExist] if there is no key file, and with the Err values
// of package dialer.
//
// [fs.ErrNotExist]: https://pkg.go.dev/io/fs#ErrNotExist
func (b *Backend) Up(ctx context.Context) error {
	_, err := b.up(ctx)
	return dialer.OpError("start", nil, err)
}

func (b *Backend) up(ctx context.Context) (*session, error) {
	for {
		s, o, err := b.begin()
		if s != nil || err != nil {
			return s, err
		}
		select {
		case <-ctx.Done():
			return nil, contextError(ctx)
		case <-o.done:
			if o.err != nil {
				return nil, o.err
			}
		}
	}
}

// begin opens the session unless it is open or being opened.
func (b *Backend) begin() (*session, *opening, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.closed:
		return nil, nil, dialer.ErrSessionClosed
	case b.session != nil || b.opening != nil:
		return b.session, b.opening, nil
	}
	if err := b.load(); err != nil {
		b.status.Err = err
		return nil, nil, err
	}
	state := dialer.Starting
	if b.status.State == dialer.Down {
		state = dialer.Down
	}
	if b.base == nil {
		b.base, b.cancel = context.WithCancel(context.Background())
	}
	b.opening = &opening{done: make(chan struct{})}
	b.set(state, nil)
	b.status.Attempts++
	go b.open(b.opening)
	return nil, b.opening, nil
}

// load checks the fields and reads who the identity is. The caller holds mu.
func (b *Backend) load() (err error) {
	if !b.destination.IsZero() {
		return nil
	}
	if err := checkOptions(b.Options); err != nil {
		return err
	}
	b.destination, err = loadDestination(b.Name)
	return err
}

// set changes the state. The caller holds mu.
func (b *Backend) set(state dialer.State, err error) {
	if b.status.State != state || b.status.Since.IsZero() {
		b.status.Since = time.Now()
	}
	b.status.State = state
	if err != nil {
		b.status.Err = err
	}
}

// Addr returns the address of the identity, with port 0. It is zero if the key file cannot be read.
func (b *Backend) Addr() dialer.Addr {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.load() != nil {
		return dialer.Addr{}
	}
	return dialer.AddrOf(b.destination, 0)
}

// Status returns the current state of the backend.
func (b *Backend) Status() dialer.Status {
	b.mu.Lock()
	defer b.mu.Unlock()
	s := b.status
	s.Streams = len(b.streams)
	return s
}

// Dial is DialContext without a context.
func (b *Backend) Dial(network, address string) (net.Conn, error) {
	return b.DialContext(context.Background(), network, address)
}

// DialContext opens a stream to "host:port". The port is validated, but not sent. Errors are *net.OpError that wrap
// the Err values of package dialer.
func (b *Backend) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := dialer.ParseTarget(network, address)
	if err != nil {
		return nil, dialer.OpError("dial", nil, err)
	}
	limit := b.DialTimeout
	if limit == 0 {
		limit = DefaultDialTimeout
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, dialer.ErrTimeout)
		defer cancel()
	}
	s, err := b.up(ctx)
	if err != nil {
		return nil, dialer.OpError("dial", to.Addr, err)
	}
	conn, err := s.dial(ctx, to.Host.String())
	switch {
	case errors.Is(err, errLost):
		b.lost(s)
	case errors.Is(err, dialer.ErrBadDestination) && to.Host.Kind() == i2phost.Name:
		err = dialer.ErrNameNotFound // the name is well-formed; what routers say of one that they do not know
	}
	if err != nil {
		return nil, dialer.OpError("dial", to.Addr, err)
	}
	return b.track(conn, to.Addr)
}

// Listen accepts streams to the identity, on all ports, which onramp does not distinguish. There can be one listener
// at a time; a second one fails with [syscall.EADDRINUSE]. It ends with the session. The first streams may be
// refused, because onramp does not report when the router is ready to deliver them.
func (b *Backend) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	host, port, err := dialer.SplitHostPort(network, address)
	if err != nil {
		return nil, dialer.OpError("listen", nil, err)
	}
	s, err := b.up(ctx)
	if err != nil {
		return nil, dialer.OpError("listen", nil, err)
	}
	at := b.Addr()
	at.Port = port
	if host != "" && host != at.Host {
		return nil, dialer.OpError("listen", at, fmt.Errorf("%w: not the identity's own", dialer.ErrBadDestination))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case b.session != s:
		return nil, dialer.OpError("listen", at, dialer.ErrRouterDown)
	case b.listener != nil:
		return nil, dialer.OpError("listen", at, syscall.EADDRINUSE)
	}
	b.listener = newListener(b, at)
	s.accepting.Do(func() { go b.acceptAll(s) })
	return b.listener, nil
}

// Close closes the streams, the listener and the session. It may be called twice, and before the first use.
func (b *Backend) Close() error {
	b.mu.Lock()
	first := !b.closed
	b.closed = true
	streams, s := b.streams, b.session
	b.streams = nil
	b.mu.Unlock()
	if !first {
		return nil
	}
	b.claim.Closing()
	if b.cancel != nil {
		b.cancel()
	}
	for c := range streams {
		c.Conn.Close()
	}
	if s != nil {
		b.lost(s)
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.opening == nil {
		b.claim.Release()
	}
	b.set(dialer.Closed, nil)
	return nil
}
