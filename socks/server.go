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

// What the zero values of a Server mean.
const (
	defaultHandshakeTimeout = 30 * time.Second
	defaultDialTimeout      = 120 * time.Second
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

// Server is a SOCKS server. Its zero value serves, but refuses every request
// for want of a dialer. Fields may be set until the first method call. All
// methods are safe for concurrent use; so must be the functions and dialers given. A function that panics is logged with its
// stack and costs its request; a dialer that does ends the program.
//
// In the durations and numbers 0 is the default and a negative value means no limit,
// or for ReadAhead and UDPQueue none at all.
type Server struct {
	// Dialer opens the streams that clients ask for. It is called with the network
	// "tcp", and must return soon after its context ends. What it can do beside is
	// found by its methods; a command that it has no method for is answered 0x07.
	//
	//	Listen(ctx context.Context, network, address string) (net.Listener, error)
	//
	// serves BIND. It is called with "tcp" and ":port", and the listener's address and those of
	// its connections must print as host:port, the host being what peers call each other.
	//
	//	ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
	//
	// serves UDP ASSOCIATE, for clients that come over TCP. It is called with "udp" and ":0".
	// WriteTo gets addresses that print as host:port, the network being "i2p", and is called by
	// several goroutines; those of ReadFrom must print so too.
	//
	//	LookupAddr(ctx context.Context, host string) (b32 string, err error)
	//
	// finds that name for any other host. It serves RESOLVE; BIND for such a host needs it to know
	// its peer, and UDP ASSOCIATE to call the sender of a datagram as the client did.
	Dialer proxy.ContextDialer

	// Select chooses the dialer of a request, such as by its credentials. Nil
	// chooses Dialer. It runs after Allow, within DialTimeout.
	Select func(context.Context, *Request) (proxy.ContextDialer, error)

	// Allow decides whether a request may be served, before anything else is done
	// for it, and may replace its Host by the canonical form. Nil is [I2POnly].
	// A *ReplyError names the answer, any other error is answered 0x02. Of a UDP association it
	// is asked when that begins, and then once for each peer, as [Datagram]. See [All] for ready-made ones.
	Allow func(context.Context, *Request) error

	// Observe, if set, sees each request before Allow does. It may return an [Observer] for the beginning of what
	// the client then sends and is told, or nil. An error refuses the request as one of Allow does. It must not
	// block. Streams that are observed are spliced only when the Observer has seen enough.
	Observe func(context.Context, *Request) (Observer, error)

	// Authenticate judges credentials; any error refuses them. Nil accepts all,
	// and none. It runs within HandshakeTimeout. See [Secret].
	Authenticate func(ctx context.Context, username, password string) error

	// ReplyFor, if set, is asked first for the code that a failed request is answered with;
	// [Succeeded] stands for no opinion. It gets errors of Allow, of Select, of the dialer and of
	// the server itself.
	ReplyFor func(error) Reply

	// ExtendedErrors lets the codes of Tor's proposal 304 through to SOCKS 5 clients, who must know them.
	ExtendedErrors bool

	// VirtualAddresses makes RESOLVE answer an address of this prefix in place of a base32 name,
	// for clients that know addresses only. Later requests for the address are taken as for the
	// host, also by SOCKS 4 clients and by RESOLVE_PTR, if they come with the same
	// [Request.Isolation]. The 8192 used last are remembered, of one user half of what others leave, or more if
	// those have not been used for an hour. No address ever stands for two hosts: one that is forgotten leads nowhere, and
	// once all of the prefix were given, RESOLVE is answered 0x01. So it should be a large one, that nobody
	// has, such as 127.192.0.0/10. The zero Prefix is none.
	VirtualAddresses netip.Prefix

	// SessionGroup makes [Request.Isolation] the same for the same credentials at all listeners,
	// of this server and of others, with the same number. 0 keeps each listener apart, and what
	// comes by ServeConn.
	SessionGroup int

	HandshakeTimeout time.Duration // from accept to a complete request; default 30 s
	DialTimeout      time.Duration // from the request to the answer; default 120 s
	BindTimeout      time.Duration // of BIND, from the first answer to the second; default 120 s
	IdleTimeout      time.Duration // of a stream without traffic; default 1 h
	HalfCloseTimeout time.Duration // of a stream without traffic that one side has ended; default 60 s

	// MaxConns is how many clients are served at a time. The default is 4096, or a quarter of the descriptors
	// that the process may have beyond 64, if that is less: a client costs two, and some more while bytes move. A
	// quarter of the places, but at least 8, is for clients whose handshake goes on. When there is none for a new one,
	// and when descriptors are used up, room is made:
	//
	//  1. by the stream that has been silent longest of those whose client has ended its direction and may be gone. On
	//     Linux, clients of the same machine are known to be there or not: those that are keep their streams;
	//  2. by the handshake that has lasted longest, if it has for 100 ms, or if there are 8.
	//
	// If neither can be, some more are told that there are too many, the rest is closed.
	//
	// Of places, and of what MaxPending and MaxAssociations limit, nobody gets more than half of what others leave:
	// one user alone gets half, two get a third each, so that whoever comes finds something. A user is whoever has
	// the same [Request.Isolation], and also whoever has the same [Request.Origin]. More is answered 0x01.
	MaxConns int

	// MaxConnsPerAddr is how many clients of one address, of IPv6 of one /64, are served at a
	// time; default 256, but no limit for loopback. It is not applied to clients without an IP
	// address.
	MaxConnsPerAddr int

	// MaxPending is how many requests may wait for the dialer at a time; default 1024. More are
	// answered 0x01.
	MaxPending int

	// MaxAssociations is how many UDP associations there may be at a time; default 256. UDPQueue
	// is how many bytes of an association may wait while their destinations are looked into;
	// default 64 KiB, negative for none. What has no room is dropped.
	MaxAssociations, UDPQueue int

	// ReadAhead is how many bytes of a stream may wait for a slow client, and
	// ReadAheadTotal how many of all streams; defaults 8 MiB and 64 MiB. A router
	// throws away what nobody has taken from it when the peer closes. No stream takes more than half of
	// what is left of the total.
	ReadAhead, ReadAheadTotal int

	// Budget, if set, is used in place of ReadAheadTotal. It may be shared with other servers, and
	// with the sessions of package sam.
	Budget *Budget

	// Hooks observe; nil does not.
	Hooks *Hooks

	// Logger gets one Debug record per request, and Warn for faults of this
	// program. Nil is silent.
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
	refusing  int        // clients beyond MaxConns
	entrants  list.List  // of *place: clients whose handshake goes on, the oldest in front
	halves    halfClosed // has its own mutex
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
			c := &conn{srv: s, nc: nc, id: id, place: p, ctx: s.live}
			go c.serve()
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
