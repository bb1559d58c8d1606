package sam

import (
	"context"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
	"github.com/go-i2p/i2psocks/internal/inetdiag"
	"github.com/go-i2p/i2psocks/keys"
)

// Session is one I2P identity on one router. The zero value is a fresh identity at
// [DefaultAddress]. Exported fields may be changed until the first method call, not after. A
// Session must not be copied. Its methods may be called by several goroutines at once.
//
// The first use starts the session. As long as it was never up, a failed start is reported at once, and
// the next use tries again. Once it was up it is kept up until Close: a session whose router goes
// away is created anew with the same identity, and what is dialled meanwhile waits within its context.
type Session struct {
	// Address is the SAM bridge: "host:port" with an IP literal or "localhost", or "unix:PATH".
	// Empty means DefaultAddress.
	Address string
	// Fallbacks are the bridges of other routers, as Address. When the router at hand cannot be
	// used or goes away, the session is made on the next one, round the list, and stays there
	// while it can. See the package comment.
	Fallbacks []string
	// DialBridge, if set, opens the connections to the bridge in place of a [net.Dialer]. Address
	// then may hold any host.
	DialBridge func(ctx context.Context, network, address string) (net.Conn, error)
	// User and Password are for the bridges of Java I2P that want them: words of up to 128 printable
	// ASCII characters, without blanks, quotes and backslashes. All bridges are told both, in the clear.
	// Password is called once, and is a func so that no Session that is printed shows it. i2pd has
	// no passwords. A bridge that refuses them makes all fail with an [*AuthError].
	User     string
	Password func() string
	// Owners, if set, is shared with other sessions, so that they know together whose routers the bridges are: see
	// [dialer.OwnerError]. It then also judges what DialBridge opens, which nobody does otherwise, as far as a connection tells.
	// Nil is one of the session's own, or none with DialBridge.
	Owners *dialer.Owners
	// Identity is who the session is. Zero means a fresh identity that ends with the Session.
	Identity keys.Identity
	// Inbound and Outbound say how tunnels are built.
	Inbound, Outbound Tunnels
	// LeaseSet says how the identity is found, and how peers encrypt to it.
	LeaseSet LeaseSet
	// Options are further options of I2CP, streaming and crypto, such as "i2p.streaming.maxConnsPerMinute"; see
	// their specifications. Routers ignore those they do not know. What other fields
	// say, what some router crashes on and what harms a session is refused with an [*OptionError].
	Options map[string]string
	// DialOnly keeps the identity out of the network's directory: peers answer the streams that it
	// opens, and nobody else finds it. Listen fails.
	DialOnly bool
	// Nickname is shown in the router's console: up to 64 letters, digits, '.', '_' and '-'. Empty
	// means "i2psocks".
	Nickname string
	// DialTimeout bounds each dial. 0 means 120 s, as tunnels are slow; negative means no bound
	// but the context's.
	DialTimeout time.Duration
	// ReadAhead is how many bytes of each stream are taken from an i2pd router before they are
	// read, since it throws away what was not taken when the peer closes. 0 means 8 MiB, negative
	// means none.
	ReadAhead int
	// Budget bounds what all streams hold read ahead. It may be shared with other sessions, and with
	// the servers of package socks. No stream takes more than half of what is left. Nil means 64 MiB
	// for this session alone.
	Budget *Budget
	// UDPAddress is where the router at Address takes datagrams, as "IP:port". Empty means on the
	// host of the bridge, at the TCP port less one on i2pd, at 7655 on Java I2P. It is for
	// ListenPacket, and all bridges must be on loopback, by TCP and without DialBridge.
	UDPAddress string
	// Primary makes the session a PRIMARY one (SAM 3.3) on Java I2P from 0.9.47 on, where ListenPacket
	// then opens subsessions, so that streams and datagrams have one identity. A style has each port
	// once: port 0 gets what is for no other, and a second PacketConn on a port is refused with
	// [syscall.EADDRINUSE], so that a SOCKS port has one UDP association at a time. On i2pd, which
	// has nothing like it, and where datagrams do not go over UDP (see UDPAddress), Primary changes
	// nothing: packets then have an identity of their own. Compare LocalAddr with Addr where it
	// matters. A PacketConn never changes its identity: a subsession fails with
	// [errors.ErrUnsupported] while the session is on a router that has none.
	Primary bool
	// StatusChanged, if set, is called with each new State, in order and one call at a time; the
	// last is Closed. The session does not wait for it: it may block, use the session, and even
	// close it, while later changes queue up; the call for Closed may come after Close has
	// returned. To learn of the states of isolated identities, set it where they are made.
	StatusChanged func(dialer.Status)
	// Logger gets the life of the session, without names and keys. Nil is silent.
	Logger *slog.Logger

	keep     keeper.Keeper[*live] // has the session that is up, and the state
	acceptor acceptor
	traffic  traffic
	diag     inetdiag.Client
	clock    func() time.Time // nil is time.Now

	mu      sync.Mutex
	ready   bool // all above and what follows is set, but for packets
	bridges []bridge
	params  creation
	budget  *Budget
	style   style
	packets map[*PacketConn]struct{}
}

var _ dialer.Backend = (*Session)(nil)

// DefaultDialTimeout is what a zero Session.DialTimeout means. A router takes about a minute to
// give up on a peer.
const DefaultDialTimeout = 120 * time.Second

// DefaultReadAhead is what a zero Session.ReadAhead means, in bytes.
const DefaultReadAhead = 8 << 20

// defaultBudget is what a nil Session.Budget means, in bytes.
const defaultBudget = 64 << 20

// init checks the fields and makes the identity. The caller holds mu. A failure is not kept:
// fields may be mended.
func (s *Session) init() error {
	if s.ready {
		return nil
	}
	bridges, err := newBridges(s)
	if err != nil {
		return err
	}
	if s.Identity.IsZero() {
		if s.Identity, err = keys.Generate(); err != nil {
			return err
		}
	}
	if s.params, err = newCreation(s, s.Identity); err != nil {
		return err
	}
	if s.Logger == nil {
		s.Logger = slog.New(slog.DiscardHandler)
	}
	s.style.primary = s.Primary
	s.bridges = bridges
	if s.budget = s.Budget; s.budget == nil {
		s.budget = NewBudget(defaultBudget)
	}
	s.keep.Configure(func() { // Status may be called at this moment
		s.keep.Routers, s.keep.Start, s.keep.Settle = len(bridges), s.startOn, settle
		s.keep.Identity = s.Identity.Destination().Hash()
		s.keep.Ready, s.keep.Fill = s.acceptor.serve, s.fill
		s.keep.StatusChanged, s.keep.Logger = s.StatusChanged, s.Logger
	})
	s.ready = true
	return nil
}

// settle is how long a destination must rest between two sessions: i2pd keeps it for 5 s and would
// destroy it under the new one, Java I2P blocks it for as long.
const settle = 7 * time.Second

// await returns the session, starting it if need be.
func (s *Session) await(ctx context.Context) (*live, error) {
	s.mu.Lock()
	err := s.init()
	s.mu.Unlock()
	if s.keep.Status().State == dialer.Closed {
		return nil, dialer.ErrSessionClosed
	}
	if err != nil {
		return nil, err
	}
	return s.keep.Await(ctx)
}

// Up waits until the session can be used. It fails with [dialer.ErrRouterDown] if nobody speaks
// SAM at Address and the session was never up, with [dialer.ErrSessionClosed] after Close, and
// when ctx ends.
func (s *Session) Up(ctx context.Context) error {
	_, err := s.await(ctx)
	return dialer.OpError("up", nil, err)
}

// Addr returns the address of the identity, with port 0. It makes the identity if there is none yet;
// it is zero if the fields of the Session are invalid.
func (s *Session) Addr() dialer.Addr {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.init(); err != nil {
		return dialer.Addr{}
	}
	return dialer.AddrOf(s.Identity.Destination(), 0)
}

// Status returns how the session is at this moment.
func (s *Session) Status() dialer.Status { return s.keep.Status() }

// fill adds to a Status what the streams did.
func (s *Session) fill(st *dialer.Status) {
	st.Streams = int(s.traffic.open.Load())
	st.Received, st.Sent = s.traffic.received.Load(), s.traffic.sent.Load()
}

// Close ends the streams, then the session. What was written to a stream is delivered first, which takes
// about two seconds on i2pd; what is left after some seconds is cut. It returns when all of the session is gone.
func (s *Session) Close() error { return s.end((*PacketConn).Close, nil) }

// Abort is Close without its time: what was written to a stream and not yet sent on may be lost, and peers may not be
// told of its end. It also hastens a Close that goes on.
func (s *Session) Abort() error { return s.end((*PacketConn).abort, (*live).abort) }

func (s *Session) end(endPackets func(*PacketConn) error, hurry func(*live)) error {
	var packets sync.WaitGroup
	s.mu.Lock()
	if !s.ready {
		s.keep.Configure(func() { s.keep.StatusChanged = s.StatusChanged })
	}
	s.keep.Stop()
	for p := range s.packets {
		packets.Go(func() { endPackets(p); <-p.gone })
	}
	s.mu.Unlock()
	s.acceptor.close()
	if l, ok := s.keep.Live(); ok && hurry != nil {
		hurry(l)
	}
	s.keep.Wait()
	packets.Wait()
	return s.diag.Close()
}

// readAhead returns the bytes that each stream may hold.
func (s *Session) readAhead() int {
	if s.ReadAhead == 0 {
		return DefaultReadAhead
	}
	return max(s.ReadAhead, 0)
}
