package socks

import (
	"container/list"
	"context"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/internal/bytequeue"
	"github.com/go-i2p/i2psocks/socks/internal/parking"
	"golang.org/x/net/proxy"
)

// ErrServerClosed is returned by [Server.Serve] and [Server.ServeConn] after
// Shutdown or Close.
var ErrServerClosed = errors.New("socks: server closed")

// DefaultDialTimeout is the meaning of a zero [Server.DialTimeout]. It is longer than that of the dialers of this module, whose
// errors say more: see docs/timeouts.md.
const DefaultDialTimeout = 210 * time.Second

// What the zero values of a Server mean.
const (
	defaultHandshakeTimeout = 30 * time.Second
	defaultBindTimeout      = 120 * time.Second // as the SOCKS 4 note has it
	defaultIdleTimeout      = time.Hour
	defaultHalfCloseTimeout = time.Minute
	maxDefaultConns         = 4096
	defaultReadAhead        = 8 << 20
	defaultReadAheadTotal   = 64 << 20
	defaultMaxConnsPerAddr  = 256
	defaultMaxPending       = 1024
	defaultMaxAssociations  = 256
	defaultUDPQueue         = 64 << 10
)

// Server is a SOCKS server. Its zero value can serve, but refuses every request because it has no dialer. Fields may
// be set until the first method call. All methods are safe for concurrent use; the functions and dialers in its
// fields must be too. A function that panics is logged with its stack and fails its request; a dialer that panics
// ends the program.
//
// In durations and numbers 0 means the default. A negative value means no limit; for ReadAhead and UDPQueue it means
// none at all.
type Server struct {
	// Dialer opens the streams that clients request. It is called with the network "tcp", and must return soon after
	// its context ends. Its other capabilities are found by its methods; a command for which it has no method is
	// answered with 0x07.
	//
	//	Listen(ctx context.Context, network, address string) (net.Listener, error)
	//
	// is used for BIND. It is called with "tcp" and ":port". The addresses of the listener and of its connections
	// must print as host:port, where the host is the name by which peers know each other.
	//
	//	ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
	//
	// is used for UDP ASSOCIATE of clients that connect over TCP. It is called with "udp" and ":0". WriteTo is called
	// concurrently, with addresses of network "i2p" that print as host:port; those that ReadFrom returns must print
	// so too.
	//
	//	LookupAddr(ctx context.Context, host string) (b32 string, err error)
	//
	// returns the base32 name of a host. It is used for RESOLVE, by BIND to recognise the requested peer, and by UDP
	// ASSOCIATE to give the sender of a datagram the name that the client used.
	Dialer proxy.ContextDialer

	// Select chooses the dialer of a request, for example by its credentials. Nil means Dialer. It runs after Allow,
	// within DialTimeout.
	Select func(context.Context, *Request) (proxy.ContextDialer, error)

	// Allow decides whether a request is permitted, before anything else is done for it, and may replace its Host by
	// the canonical form. Nil means [I2POnly]. A *ReplyError sets the reply code; for any other error it is 0x02. For
	// a UDP association it is called at the start, and then once for each peer with the command [Datagram]. See [All]
	// for ready-made policies.
	Allow func(context.Context, *Request) error

	// Observe, if set, is called with each request before Allow. It may return an [Observer] for the first bytes of
	// the stream or datagrams, or nil. An error refuses the request as an error of Allow does. It must not block.
	// Observed streams are spliced once the Observer needs no more data.
	Observe func(context.Context, *Request) (Observer, error)

	// Authenticate checks credentials; any error rejects them. Nil accepts all clients, with or without credentials.
	// It runs within HandshakeTimeout. See [Secret].
	Authenticate func(ctx context.Context, username, password string) error

	// ReplyFor, if set, chooses the reply code of a failed request; [Succeeded] means the default choice. It is
	// called with errors of Allow, of Select, of the dialer and of the server itself.
	ReplyFor func(error) Reply

	// ExtendedErrors permits the codes of Tor's proposal 304 in replies to SOCKS 5 clients, which must know them.
	ExtendedErrors bool

	// VirtualAddresses makes RESOLVE return an address of this prefix instead of a base32 name, for clients that
	// accept IP addresses only. Later requests for that address mean the host, also with SOCKS 4 and RESOLVE_PTR, if
	// they have the same [Request.Isolation]. The 8192 addresses used last are remembered; one user has at most half
	// of what others leave, or more if those were not used for an hour. An address never stands for two hosts: a
	// forgotten one is not assigned again, and when the prefix is used up, RESOLVE is answered with 0x01. So it
	// should be a large, unused prefix such as 127.192.0.0/10. The zero Prefix disables virtual addresses.
	VirtualAddresses netip.Prefix

	// SessionGroup makes [Request.Isolation] equal for equal credentials at all listeners with the same number, of
	// this server and others. 0 separates each listener and each connection of ServeConn.
	SessionGroup int

	HandshakeTimeout time.Duration // from accept to a complete request; default 30 s
	DialTimeout      time.Duration // from the request to the answer; default [DefaultDialTimeout]
	BindTimeout      time.Duration // of BIND, from the first answer to the second; default 120 s
	IdleTimeout      time.Duration // of a stream without traffic; default 1 h
	HalfCloseTimeout time.Duration // of a stream without traffic that one side has ended; default 60 s

	// MaxConns is the maximum number of clients at a time. The default is 4096, or a quarter of the descriptors that
	// the process may use beyond 64 if that is less: a client uses two, and more while data moves. A quarter of the
	// places, at least 8, is for clients during their handshake. When a client finds no place, or descriptors are
	// used up, one of these makes room:
	//
	//   1. of the streams whose client has closed its sending direction and may be gone, the one silent for the longest
	//      time. On Linux it is known whether a client of the same machine is still there, and then it keeps its stream;
	//   2. the longest handshake, if it has lasted for 100 ms, or if there are 8.
	//
	// If neither exists, a few further clients are answered that there are too many, and the rest is closed.
	//
	// Of these places, and of those of MaxPending and MaxAssociations, no user gets more than half of what the others
	// leave: a single user gets half, two users a third each. A user is defined by [Request.Isolation], and also by
	// [Request.Origin]. Requests beyond that are answered with 0x01.
	MaxConns int

	// MaxConnsPerAddr is the maximum number of clients of one IPv4 address or IPv6 /64 at a time; default 256, but no
	// limit for loopback. It does not apply to clients without an IP address.
	MaxConnsPerAddr int

	// MaxPending is the maximum number of requests that wait for the dialer at a time; default 1024. Further ones are
	// answered with 0x01.
	MaxPending int

	// MaxAssociations is the maximum number of UDP associations at a time; default 256. UDPQueue is how many bytes of
	// an association may wait while their destinations are looked up; default 64 KiB, negative for none. Datagrams
	// beyond that are dropped.
	MaxAssociations, UDPQueue int

	// ReadAhead is how many bytes of a stream may wait for a slow client, and ReadAheadTotal how many of all streams;
	// defaults 8 MiB and 64 MiB. They matter because routers discard what has not been read when the peer closes. No
	// stream uses more than half of what is left of the total.
	ReadAhead, ReadAheadTotal int

	// Budget, if set, replaces ReadAheadTotal. It may be shared with other servers, and with the sessions of package
	// sam.
	Budget *Budget

	// Hooks observe the server; nil means none.
	Hooks *Hooks

	// Logger receives one Debug record for each request, and Warn records for faults of this program. Nil disables
	// logging.
	Logger *slog.Logger

	mu sync.Mutex
	// Set by init.
	limits                  tally
	maxEntrants, maxPerAddr int

	live      context.Context // ends when everything is cut
	cut       context.CancelCauseFunc
	open      context.Context // ends when no new stream may begin
	stopOpen  context.CancelCauseFunc
	drained   chan struct{} // closed when the server is closed and the last client gone
	closed    bool
	listeners map[*onceListener]struct{}
	used      tally
	refusing  int                // clients beyond MaxConns
	entrants  list.List          // of *place: clients whose handshake goes on, the oldest in front
	shaking   map[*conn]struct{} // those and others whose handshake may be aborted
	halves    halfClosed         // has its own mutex
	totals    Status
	relays    map[*watch]struct{} // of clients of Serve
	lot       parking.Lot
	users     map[string]*user
	perAddr   map[netip.Addr]int
	budget    *bytequeue.Budget
	virtual   *virtualTable
	direct    string // the listenerID of ServeConn
}

// Serve accepts clients from l until Shutdown or Close, or until l fails. It
// always closes l and returns an error: [ErrServerClosed] after Shutdown or Close.
// When the process or the system is out of descriptors it makes room, see MaxConns, or else waits and tries again.
func (s *Server) Serve(l net.Listener) error {
	ol := &onceListener{Listener: l}
	defer ol.Close()
	if !s.track(ol) {
		return ErrServerClosed
	}
	defer s.untrack(ol)
	id := s.listenerID()
	crew := newCrew()
	defer crew.dismiss()
	var delay time.Duration
	for {
		nc, err := ol.Accept()
		switch {
		case err != nil && s.open.Err() != nil:
			return ErrServerClosed
		case err != nil && isShort(err) && s.shed():
			continue
		case err != nil && isTemporary(err):
			delay = min(max(2*delay, 5*time.Millisecond), time.Second)
			s.log().Warn("accept failed, will try again", "err", err, "delay", delay)
			wait(s.open, delay)
			continue
		case err != nil:
			return err
		}
		delay = 0
		if p := s.admit(nc.RemoteAddr()); p != nil {
			crew.serve(&conn{srv: s, nc: nc, id: id, place: p, ctx: s.live})
		} else {
			nc.Close()
		}
	}
}

// ServeConn serves one client and returns when it is done; ending ctx ends the
// client at once. It always closes nc, which must support deadlines. The error
// is nil if a stream was served, whatever ended it. It may name
// the host that was asked for.
func (s *Server) ServeConn(ctx context.Context, nc net.Conn) error {
	p := s.admit(nc.RemoteAddr())
	if p == nil {
		nc.Close()
		if s.open.Err() != nil {
			return ErrServerClosed
		}
		return errTooManyConns
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	defer context.AfterFunc(s.live, func() { cancel(ErrServerClosed) })()
	over := make(chan error, 1)
	c := &conn{srv: s, nc: nc, id: s.direct, place: p, ctx: ctx, over: func(err error) { over <- err }}
	c.serve()
	return <-over
}

// Shutdown closes the listeners, ends handshakes, and answers requests whose
// peer is not yet connected with a failure. Then it waits until the last stream has ended,
// and returns nil. When ctx ends first, Shutdown cuts the streams and returns ctx.Err().
// A stream whose client has ended its direction, and whose peer cannot be told, ends at 2 s of
// silence, unless HalfCloseTimeout is off or shorter.
//
// After Close, it waits until the last client is gone.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stop()
	select {
	case <-s.drained:
		return nil
	default:
	}
	select {
	case <-s.drained:
		return nil
	case <-ctx.Done():
		s.cutAll()
		return ctx.Err()
	}
}

// Close closes the listeners and cuts every client. It does not wait; Shutdown
// after it does. The error is always nil.
func (s *Server) Close() error {
	s.stop()
	s.cutAll()
	return nil
}

func (s *Server) log() *slog.Logger {
	if s.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return s.Logger
}

// setting returns the value that is in force: def for 0, and 0 for a negative v.
func setting[T int | time.Duration](v, def T) T {
	if v == 0 {
		return def
	}
	return max(v, 0)
}
