package sam

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
	"github.com/go-i2p/i2psocks/internal/inetdiag"
	"github.com/go-i2p/i2psocks/keys"
)

// Session is one I2P identity on one router. The zero value has a new identity and uses DefaultAddress. Exported
// fields may be changed until the first method call, not after. A Session must not be copied. Its methods may be
// called by several goroutines at once.
//
// The first use starts the session. Until it has been up once, a failed start is reported at once and the next use
// tries again. After that it is kept up until Close: when the router goes away the session is created again with the
// same identity, and dials wait for it within their context.
type Session struct {
	// Address is the SAM bridge: "host:port" with an IP address or "localhost", or "unix:PATH". Empty means
	// [DefaultAddress].
	Address string
	// Fallbacks are the bridges of other routers, in the form of Address. When the current router cannot be used or
	// goes away, the session is created on the next one, in a circle, and stays there while possible. See the package
	// comment.
	Fallbacks []string
	// DialBridge, if set, opens the connections to the bridge instead of a [net.Dialer]. Address may then contain any
	// host. It has 10 s for a connection, together with the greeting.
	DialBridge func(ctx context.Context, network, address string) (net.Conn, error)
	// User and Password are credentials for bridges of Java I2P: words of up to 128 printable ASCII characters
	// without blanks, quotes and backslashes. They are sent to all bridges, unencrypted. Password is called once; it
	// is a function so that a Session that is printed does not show it. All methods but Status wait for it, so that
	// it must not call them. i2pd has no passwords. If a bridge rejects them all methods fail with an [*AuthError].
	User     string
	Password func() string
	// Owners, if set, is shared with other sessions to recognise the owners of the bridges: see [dialer.OwnerError].
	// It then also applies to connections of DialBridge, as far as their owner can be determined. Nil means one for
	// this session only, or none with DialBridge.
	Owners *dialer.Owners
	// Identity is the identity of the session. Zero means a new one that ends with the Session.
	Identity keys.Identity
	// Inbound and Outbound are the lengths and numbers of the tunnels.
	Inbound, Outbound Tunnels
	// LeaseSet configures how the identity is found, and how peers encrypt to it.
	LeaseSet LeaseSet
	// Options are further options of I2CP, streaming and crypto, such as "i2p.streaming.maxConnsPerMinute"; see their
	// specifications. Routers ignore unknown ones. Options that have a field here, on which some router crashes, or
	// that harm a session are refused with an [*OptionError].
	Options map[string]string
	// DialOnly keeps the identity out of the network database: peers can answer the streams that it opens, but nobody
	// else can find it. Listen fails.
	DialOnly bool
	// Nickname is shown in the router's console: up to 64 letters, digits, '.', '_' and '-'. Empty means "i2psocks".
	Nickname string
	// DialTimeout bounds each dial. 0 means 120 s, since tunnels are slow; negative means that only the context
	// bounds it.
	DialTimeout time.Duration
	// ReadAhead is how many bytes of each stream are read from an i2pd router in advance, since it discards what has
	// not been read when the peer closes. 0 means 8 MiB, negative none.
	ReadAhead int
	// Budget limits the read-ahead of all streams together. It may be shared with other sessions, and with the
	// servers of package socks. No stream uses more than half of what is left. Nil means 64 MiB for this session.
	Budget *Budget
	// UDPAddress is the UDP port of the router at Address, as "IP:port", for ListenPacket. Empty means the host of
	// the bridge, with its TCP port minus one on i2pd and 7655 on Java I2P. UDP is used only if all bridges are on
	// loopback, over TCP and without DialBridge.
	UDPAddress string
	// Primary makes the session a PRIMARY one (SAM 3.3) on Java I2P from 0.9.47 on. ListenPacket then opens
	// subsessions, so that streams and datagrams have one identity. Each style can use a port once: port 0 receives
	// what is for no other port, and a second PacketConn on a port fails with [syscall.EADDRINUSE], so that a SOCKS
	// port can have one UDP association at a time. Primary has no effect on i2pd, which has no such sessions, and
	// where datagrams do not use UDP (see UDPAddress): packets then have an identity of their own. Compare LocalAddr
	// with Addr if this matters. A PacketConn never changes its identity: a subsession fails with
	// [errors.ErrUnsupported] while the session is on a router without them.
	Primary bool
	// StatusChanged, if set, is called with each new State, in order and one call at a time; the last is Closed. The
	// session does not wait for it: it may block, use the session and close it, while later changes are queued; the
	// call for Closed may come after Close has returned. For isolated identities, set it where they are made.
	StatusChanged func(dialer.Status)
	// Logger receives the state changes of the session, without names and keys. Its handler may ask for the Status,
	// but must not wait for the session. Nil disables logging.
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

// DefaultDialTimeout is the meaning of a zero [Session.DialTimeout]. A router gives up on a peer after about a
// minute.
const DefaultDialTimeout = 120 * time.Second

// DefaultReadAhead is the meaning of a zero [Session.ReadAhead], in bytes.
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
	if s.keep.Closed() {
		return nil, dialer.ErrSessionClosed
	}
	if err != nil {
		return nil, err
	}
	return s.keep.Await(ctx)
}

// Up waits until the session can be used. It fails with [dialer.ErrRouterDown] if nothing answers at Address and
// the session was never up, with [dialer.ErrSessionClosed] after Close, and when ctx ends.
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
	return dialer.AddrOf(s.Identity.Destination(), 0)
}

// Format prints the nickname alone, whatever the verb.
func (s *Session) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "sam.Session(%s)", s.Nickname) }

// Status returns the current state of the session.
func (s *Session) Status() dialer.Status { return s.keep.Status() }

// fill adds to a Status what the streams did.
func (s *Session) fill(st *dialer.Status) {
	st.Streams = int(s.traffic.open.Load())
	st.Received, st.Sent = s.traffic.received.Load(), s.traffic.sent.Load()
}

// Close closes the streams, then the session. What was written is delivered first, which takes about two seconds on
// i2pd; streams that are not finished after some seconds are cut. It returns when the session has ended.
func (s *Session) Close() error { return s.end((*PacketConn).Close, nil) }

// Abort is Close without waiting: data that was written and not yet sent may be lost, and peers may not learn that
// their streams have ended. Called during Close, it makes Close return sooner.
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
