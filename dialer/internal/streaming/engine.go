package streaming

import (
	"slices"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/keys"
)

// Engine is the streaming protocol of one destination. It is driven: what comes
// from the router goes into [Engine.Receive], what [Engine.Next] returns goes to
// the router, and Next is called again when [Engine.Deadline] says so. Neither
// it nor its streams may be used by two goroutines at the same time.
type Engine struct {
	conf         Config
	hash         [32]byte // of our destination
	from         []byte   // our destination
	signatureLen int

	begin time.Time
	now   instant

	streams   map[uint32]*Stream   // by our number
	byRemote  map[uint32][]*Stream // those that peers have opened, by their number
	peers     map[[32]byte]*peer
	idlePeers ring[*peer] // without streams, the oldest first; kept for what is known of the path
	listeners map[uint16]*Listener
	early     early
	waits     timeWaits
	pings     pings

	ratchet       Ratchet
	anybodyAt     instant // when something came that said nothing of its sender
	anybodyWaited bool    // something may wait for it

	timers  timers
	urgent  ring[*Stream] // with a packet that no window holds back
	ready   ring[*peer]   // with data that a window may hold back
	replies ring[reply]   // to packets that belong to no stream
	changes ring[Change]

	opens, resets, pongs, proofs bucket

	buffered       int // bytes received and not read
	unacknowledged int // bytes written and not acknowledged
	memory         memory
	outgoing       packet.Packet // the one that is being made
}

// New returns an engine without streams. It fails when the destination is
// missing or, at that time, the offline signature is not the destination's or has expired.
func New(now time.Time, c Config) (*Engine, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	n, err := c.signatureLen(now)
	if err != nil {
		return nil, err
	}
	return &Engine{
		conf: c, hash: c.Destination.Hash(), from: c.Destination.Bytes(), signatureLen: n, begin: now,
		streams: make(map[uint32]*Stream), byRemote: make(map[uint32][]*Stream), peers: make(map[[32]byte]*peer),
		listeners: make(map[uint16]*Listener), anybodyAt: longAgo,
	}, nil
}

// Outgoing is a packet for the router.
type Outgoing struct {
	To                  keys.Destination
	SourcePort, DstPort uint16
	// Bytes is the packet, behind what was given to Next. It is still to be signed
	// when NeedsSignature says so, which may take its time and hold up nothing else.
	Bytes []byte
	// Stream is whose packet it is, nil of one that belongs to none: it is the
	// one to Abort if the packet cannot be signed.
	Stream *Stream
	// Opens is set for SYNs. A router that wraps a lease set does so with these,
	// and what it says of their fate is worth knowing: see [Stream.Undelivered].
	Opens bool
	// Useful is how long it is of use that the packet be delivered; later it is
	// sent again anyhow. 0 is without a limit.
	Useful time.Duration
	// First is set for a packet that goes to its destination alone: what becomes of it is to be told
	// by [Engine.Reached] or [Engine.Unreached].
	First bool

	offset, signatureAt, signatureLen int
}

// NeedsSignature reports whether Sign must be called.
func (o *Outgoing) NeedsSignature() bool { return o.signatureLen > 0 }

// Sign puts the signature in. It may be called by any goroutine.
func (o *Outgoing) Sign(s packet.Signer) error {
	if !o.NeedsSignature() {
		return nil
	}
	return packet.SignAt(o.Bytes[o.offset:], o.signatureAt, o.signatureLen, s)
}

// Change tells that something has happened to one of these; the others are nil.
type Change struct {
	Stream   *Stream          // readable, writable, open or ended
	Listener *Listener        // has something to accept
	Ping     *Ping            // answered
	Peer     keys.Destination // what waited for [Engine.Turn] may ask again
	// Forgotten is set of a Peer that was pushed out by too many others: what waited for it would push out the next.
	Forgotten bool
}

// Changed returns what has changed since it was last called, one by one. It is called after Receive, and
// after Next, which may end streams without returning a packet.
func (e *Engine) Changed() (Change, bool) {
	if e.changes.len() == 0 {
		return Change{}, false
	}
	c := e.changes.pop()
	switch {
	case c.Stream != nil:
		c.Stream.reported = false
	case c.Listener != nil:
		c.Listener.reported = false
	}
	return c, true
}

// clock sets the engine's clock, which never goes backwards.
func (e *Engine) clock(now time.Time) instant {
	e.now = max(e.now, now.Sub(e.begin))
	return e.now
}

// Next returns a packet to send now, appended to b; false is none. It is called until there
// is none, after Receive and after what streams were told to do, and when Deadline has come.
// A caller that cannot send does not call it: what is not fetched is not under way.
func (e *Engine) Next(now time.Time, b []byte) (Outgoing, bool) {
	e.expire(e.clock(now))
	for e.urgent.len() > 0 {
		s := e.urgent.pop()
		if w := s.peer.waiting; w != nil {
			w.streams.push(s)
			continue
		}
		if s.peer.unmet() {
			s.beginAnswerable()
		}
		s.inUrgent = false
		o, ok := s.takeUrgent(b)
		s.arm()
		if ok {
			o.First = s.peer.turn(Proven) == First
			return o, true
		}
	}
	for e.replies.len() > 0 {
		r := e.replies.pop()
		if r.asks != nil && r.asks.waiting != nil {
			r.asks.waiting.hold(r)
			continue
		}
		return e.sendReply(r, b), true
	}
	return e.nextData(b)
}

// expire fires the timers that are due.
func (e *Engine) expire(now instant) {
	for e.timers.next() <= now {
		t := e.timers[0]
		e.timers.set(t, never)
		t.fire.due(now)
	}
	e.early.expire(now)
	e.waits.expire(now)
	e.pings.expire(now)
}

// Deadline is when Next has to be called though nothing has come and nothing was written; false is never.
func (e *Engine) Deadline() (time.Time, bool) {
	at := e.timers.next()
	if e.urgent.len()+e.replies.len()+e.ready.len() > 0 {
		at = e.now
	}
	if at == never {
		return time.Time{}, false
	}
	return e.begin.Add(at), true
}

// Fail ends all streams with err, without a packet, as when the session is over.
func (e *Engine) Fail(err error) {
	list := make([]*Stream, 0, len(e.streams))
	for _, s := range e.streams {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b *Stream) int { return int(int64(a.local) - int64(b.local)) })
	for _, s := range list {
		s.finish(err)
	}
}

// Streams is how many streams there are, those that are closed and still have to be
// acknowledged included; Buffered is how many bytes they hold that nobody has read.
func (e *Engine) Streams() int  { return len(e.streams) }
func (e *Engine) Buffered() int { return e.buffered }

// newID returns a number that no stream has, and none that has ended lately.
func (e *Engine) newID() uint32 {
	for {
		id := e.conf.Random()
		if id != 0 && e.streams[id] == nil && !e.waits.has(id) {
			return id
		}
	}
}
