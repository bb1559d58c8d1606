package i2cp

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
	"github.com/go-i2p/i2psocks/keys"
)

// Session is one I2P identity on one router. The zero value has a new identity and uses DefaultAddress. Exported
// fields may be changed until the first method call, not after. A Session must not be copied. Its methods may be
// called by several goroutines at once.
//
// The first use starts the session. Until it has been up once, a failed start is reported at once and the next use
// tries again. After that it is kept up until Close: when the router goes away the session is created again with the
// same identity, and dials wait for it within their context. Streams, which are implemented in the process, continue
// if the router is back within [Outage].
type Session struct {
	// Address is the I2CP port of the router: "host:port" with an IP address or "localhost". Empty means
	// DefaultAddress.
	Address string
	// Fallbacks are other routers, in the form of Address. When the current router cannot be used or goes away, the
	// session is created on the next one, in a circle, and stays there while possible.
	Fallbacks []string
	// DialRouter, if set, opens the connections to the router instead of a [net.Dialer], for example with TLS, which
	// Java I2P supports by i2cp.SSL. Address may then contain any host. It has 10 s for a connection, together with the
	// greeting.
	DialRouter func(ctx context.Context, network, address string) (net.Conn, error)
	// User and Password are credentials for Java I2P with i2cp.auth: words of up to 128 printable ASCII characters.
	// They are sent to all routers, unencrypted. Password is called once; it is a function so that a Session that is
	// printed does not show it. All methods but Status wait for it, so that it must not call them. i2pd has no
	// passwords. If a router rejects them all methods fail with an [*AuthError].
	User     string
	Password func() string
	// Owners, if set, is shared with other sessions to recognise the owners of the routers: see [dialer.OwnerError].
	// It then also applies to connections of DialRouter, as far as their owner can be determined. Nil means one for
	// this session only, or none with DialRouter.
	Owners *dialer.Owners
	// Identity is the identity of the session. Zero means a new one that ends with the Session, unless Signer is set.
	Identity keys.Identity
	// Signer, if set, is used instead of Identity: it holds the signing key, which need not be in this process. The
	// session is lost if a signature takes longer than a few seconds.
	Signer keys.Signer
	// Inbound and Outbound are the lengths and numbers of the tunnels.
	Inbound, Outbound Tunnels
	// LeaseSet configures how the identity is found, and how peers encrypt to it.
	LeaseSet LeaseSet
	// Options are further I2CP options for the router. Options that have a field here, on which some router crashes,
	// or that harm a session are refused with an [*OptionError].
	Options map[string]string
	// DialOnly keeps the identity out of the network database: peers can answer the streams that it opens, but nobody
	// else can find it. Listen fails.
	DialOnly bool
	// Nickname is shown in the router's console: up to 64 letters, digits, '.', '_' and '-'. Empty means "i2psocks".
	Nickname string
	// DialTimeout bounds each dial and lookup. 0 means 150 s: tunnels are slow, and i2pd up to 2.58 retries only
	// after 120 s when the first message was lost. Negative means that only the context bounds it.
	DialTimeout time.Duration
	// StreamTimeout is how long data written to a stream may remain unacknowledged before the stream fails with
	// [syscall.ETIMEDOUT], similar to TCP's user timeout. 0 means 180 s, since i2pd may lose messages to a peer for
	// 120 s; negative means no limit.
	StreamTimeout time.Duration
	// Limits bound the resources that peers can use.
	Limits Limits
	// DatagramRate is how many datagrams a second all PacketConns together may send; writes wait for their turn.
	// Routers have no back-pressure and drop what is too much. 0 means 1000, negative no limit.
	DatagramRate int
	// AnswerPings answers pings of the streaming protocol, which reveal that the identity is online.
	AnswerPings bool
	// StatusChanged, if set, is called with each new State, in order and one call at a time; the last is Closed. The
	// session does not wait for it: it may block, use the session and close it.
	StatusChanged func(dialer.Status)
	// Logger receives the state changes of the session, without names and keys. Its handler may ask for the Status,
	// but must not wait for the session. Nil disables logging.
	Logger *slog.Logger

	mu      sync.Mutex
	ready   bool // all that follows is set
	keeper  keeper.Keeper[*live]
	routers []router
	params  params
	signer  keys.Signer
	machine *machine
	names   names
	pace    pace
	ended   chan struct{} // closed when Close is through; nil before it

	published atomic.Int64 // of the last lease set, in seconds
}

var (
	_ dialer.Backend = (*Session)(nil)
	_ dialer.Aborter = (*Session)(nil)
)

const (
	// DefaultAddress is where routers speak I2CP unless told otherwise.
	DefaultAddress = "127.0.0.1:7654"
	// DefaultDialTimeout is what a zero Session.DialTimeout means.
	DefaultDialTimeout = 150 * time.Second
	// DefaultStreamTimeout is what a zero Session.StreamTimeout means.
	DefaultStreamTimeout = 180 * time.Second
	// Outage is how long streams wait for a router that has gone away.
	Outage = 2 * time.Minute
)

const (
	closeGrace = 5 * time.Second // bounds the time that Close waits for streams to deliver what they hold
	settle     = time.Second     // Java I2P keeps an identity for a moment after its connection has ended
)

// init checks the fields and makes the identity. The caller holds mu. A failure is not kept: fields may be mended.
func (s *Session) init() error {
	if s.ready {
		return nil
	}
	var err error
	if s.routers, err = newRouters(s); err != nil {
		return err
	}
	if s.Signer == nil && s.Identity.IsZero() {
		if s.Identity, err = keys.Generate(); err != nil {
			return err
		}
	}
	if s.signer = s.Signer; s.signer == nil {
		s.signer = s.Identity
	}
	if s.params, err = newParams(s); err != nil {
		return err
	}
	if s.machine, err = newMachine(s); err != nil {
		return badOption("Signer", "%v", err)
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	s.pace = newPace(s.DatagramRate)
	s.keeper.Configure(func() { // Status may be called at this moment
		s.keeper.Routers = len(s.routers)
		s.keeper.Start = s.start
		s.keeper.Identity = s.signer.Destination().Hash()
		s.keeper.Ready = s.machine.attach
		s.keeper.Settle = settle
		s.keeper.Fill = s.machine.fillStatus
		s.keeper.StatusChanged = s.StatusChanged
		s.keeper.Logger = s.Logger
	})
	s.ready = true
	return nil
}

// prepare is init for those who need a session.
func (s *Session) prepare() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ended != nil {
		return dialer.ErrSessionClosed
	}
	return s.init()
}

// await returns the session on the router, starting it if need be.
func (s *Session) await(ctx context.Context) (*live, error) {
	if err := s.prepare(); err != nil {
		return nil, err
	}
	return s.keeper.Await(ctx)
}

// Up waits until the session can be used. If it was never up it fails with [dialer.ErrRouterDown] if nobody answers at
// Address, and with [dialer.ErrRouter] if what answers does not speak I2CP or refuses the session. It fails with
// [dialer.ErrSessionClosed] after Close, and when ctx ends.
func (s *Session) Up(ctx context.Context) error {
	_, err := s.await(ctx)
	return dialer.OpError("up", nil, err)
}

// Addr returns the address of the identity, with port 0. It generates the identity if necessary. It is zero if the
// fields of the Session are invalid.
func (s *Session) Addr() dialer.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.init(); err != nil {
		return dialer.Addr{}
	}
	return dialer.AddrOf(s.signer.Destination(), 0)
}

// Format prints the nickname alone, whatever the verb.
func (s *Session) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "i2cp.Session(%s)", s.Nickname) }

// Status returns the current state of the session.
func (s *Session) Status() dialer.Status { return s.keeper.Status() }

// Close closes the listeners, the streams, then the session. What was written is delivered first; streams that are
// not finished after some seconds are cut. It returns when the session has ended.
func (s *Session) Close() error { return s.end(false) }

// Abort is Close without waiting: data that was written and not yet delivered may be lost, and peers may not learn
// that their streams have ended. Called during Close, it makes Close return sooner.
func (s *Session) Abort() error { return s.end(true) }

func (s *Session) end(now bool) error {
	s.mu.Lock()
	first, ready := s.ended == nil, s.ready
	if first {
		s.ended = make(chan struct{})
		if !ready {
			s.keeper.Configure(func() { s.keeper.StatusChanged = s.StatusChanged })
		}
		s.keeper.Stop()
	}
	s.mu.Unlock()
	if now && ready {
		s.machine.hurry()
	}
	if !first {
		<-s.ended
		return nil
	}
	defer close(s.ended)
	if ready {
		s.machine.closeAll()
		s.keeper.Wait()
		s.machine.fail(dialer.ErrSessionClosed)
	}
	return nil
}

func (s *Session) dialTimeout() time.Duration {
	if s.DialTimeout == 0 {
		return DefaultDialTimeout
	}
	return s.DialTimeout
}

func (s *Session) streamTimeout() time.Duration {
	switch {
	case s.StreamTimeout == 0:
		return DefaultStreamTimeout
	case s.StreamTimeout < 0:
		return math.MaxInt64 / 2
	}
	return s.StreamTimeout
}

// bounded returns a context that ends with ctx and with the dial timeout.
func (s *Session) bounded(ctx context.Context) (context.Context, context.CancelFunc) {
	if timeout := s.dialTimeout(); timeout > 0 {
		return context.WithTimeout(ctx, timeout)
	}
	return context.WithCancel(ctx)
}
