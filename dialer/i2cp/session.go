package i2cp

import (
	"context"
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

// Session is one I2P identity on one router. The zero value is a fresh identity at [DefaultAddress]. Exported fields
// may be changed until the first method call, not after. A Session must not be copied. Its methods may be called by
// several goroutines at once.
//
// The first use starts the session. As long as it was never up, a failed start is reported at once, and the next
// use tries again. Once it was up it is kept up until Close: a session whose router goes away is created anew with the
// same identity, and what is dialled meanwhile waits within its context. Streams, which are made
// here and not by the router, live on when it is back within [Outage].
type Session struct {
	// Address is where the router speaks I2CP: "host:port" with an IP literal or "localhost". Empty means
	// DefaultAddress.
	Address string
	// Fallbacks are other routers, as Address. When the router at hand cannot be used or goes away, the session is
	// made on the next one, round the list, and stays there while it can.
	Fallbacks []string
	// DialRouter, if set, opens the connections to the router in place of a [net.Dialer], such as ones with TLS, which
	// Java I2P has with i2cp.SSL. Address then may hold any host.
	DialRouter func(ctx context.Context, network, address string) (net.Conn, error)
	// User and Password are for Java I2P with i2cp.auth. They are words of up to 128 printable ASCII characters,
	// told to all routers in the clear. Password is called once, and is a func so that no Session that is printed shows
	// it. i2pd has no passwords. A router that refuses them makes all fail with an [*AuthError].
	User     string
	Password func() string
	// Owners, if set, is shared with other sessions, so that they know together whose routers there are: see
	// [dialer.OwnerError]. It then also judges what DialRouter opens, as far as a connection tells. Nil is one of the
	// session's own, or none with DialRouter.
	Owners *dialer.Owners
	// Identity is who the session is. Zero means a fresh identity that ends with the Session, unless Signer is set.
	Identity keys.Identity
	// Signer, if set, is who the session is in the place of Identity: somebody who has the signing key, which need not
	// be in this process. A signature that takes longer than some seconds loses the session.
	Signer keys.Signer
	// Inbound and Outbound say how tunnels are built.
	Inbound, Outbound Tunnels
	// LeaseSet says how the identity is found, and how peers encrypt to it.
	LeaseSet LeaseSet
	// Options are further options of I2CP for the router. What other fields say, what some router crashes on and what
	// harms a session is refused with an [*OptionError].
	Options map[string]string
	// DialOnly keeps the identity out of the network's directory: peers answer the streams that it opens, and nobody
	// else finds it. Listen fails.
	DialOnly bool
	// Nickname is shown in the router's console: up to 64 letters, digits, '.', '_' and '-'. Empty means "i2psocks".
	Nickname string
	// DialTimeout bounds each dial and lookup. 0 means 150 s, as tunnels are slow and i2pd up to 2.58 calls again only after 120 s
	// when the first call was lost; negative means no bound but the context's.
	DialTimeout time.Duration
	// StreamTimeout is how long what was written to a stream may stay without any answer before the stream fails with
	// [syscall.ETIMEDOUT], as TCP's user timeout does. 0 means 180 s, since i2pd may lose what goes to a peer for 120 s; negative
	// means that it never fails so.
	StreamTimeout time.Duration
	// Limits bound what peers can make the session hold.
	Limits Limits
	// DatagramRate is how many datagrams a second all PacketConns may send; writes wait for their turn. Routers do
	// not push back: they drop what is too much, and worse. 0 means 1000, negative is without a limit.
	DatagramRate int
	// AnswerPings lets others learn, by a ping of the streaming protocol, that the identity is online.
	AnswerPings bool
	// StatusChanged, if set, is called with each new State, in order and one call at a time; the last is Closed. The
	// session does not wait for it: it may block, use the session, and even close it.
	StatusChanged func(dialer.Status)
	// Logger gets the life of the session, without names and keys. Nil is silent.
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
		return err
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

// Up waits until the session can be used. It fails with [dialer.ErrRouterDown] if nobody speaks I2CP at Address
// and the session was never up, with [dialer.ErrSessionClosed] after Close, and when ctx ends.
func (s *Session) Up(ctx context.Context) error {
	_, err := s.await(ctx)
	return dialer.OpError("up", nil, err)
}

// Addr returns the address of the identity, with port 0. It makes the identity if there is none yet; it is zero if the
// fields of the Session are invalid.
func (s *Session) Addr() dialer.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.init(); err != nil {
		return dialer.Addr{}
	}
	return dialer.AddrOf(s.signer.Destination(), 0)
}

// Status returns how the session is at this moment.
func (s *Session) Status() dialer.Status { return s.keeper.Status() }

// Close ends the listeners, the streams, then the session. What was written to a stream is delivered first; what is
// left after some seconds is cut. It returns when all of the session is gone.
func (s *Session) Close() error { return s.end(false) }

// Abort is Close without its time: what was written to a stream and not yet delivered may be lost, and peers may not be
// told of its end. It also hastens a Close that goes on.
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
