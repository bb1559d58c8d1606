package streaming

import (
	"fmt"
	"slices"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming/packet"
	"github.com/go-i2p/i2psocks/keys"
)

// Listener collects the streams that peers open to a port.
type Listener struct {
	e        *Engine
	port     uint16
	pending  ring[*Stream]
	reported bool
	closed   bool
}

// Listen takes the streams that are opened to a port; port 0 takes those to all
// ports that have no listener of their own, as i2pd's programs cannot choose.
func (e *Engine) Listen(port uint16) (*Listener, error) {
	if e.listeners[port] != nil {
		return nil, ErrPortTaken
	}
	l := &Listener{e: e, port: port}
	e.listeners[port] = l
	return l, nil
}

// Accept returns the next stream, nil if there is none. It is open already.
func (l *Listener) Accept() *Stream {
	if l.pending.len() == 0 {
		return nil
	}
	s := l.pending.pop()
	l.pending.drop()
	s.listener = nil
	return s
}

// forget takes out a stream that has ended before anybody has accepted it.
func (l *Listener) forget(s *Stream) {
	for range l.pending.len() {
		if x := l.pending.pop(); x != s {
			l.pending.push(x)
		}
	}
	s.listener = nil
}

// Close frees the port, and resets the streams that nobody has accepted.
func (l *Listener) Close() {
	if l.closed {
		return
	}
	l.closed = true
	delete(l.e.listeners, l.port)
	for s := l.Accept(); s != nil; s = l.Accept() {
		s.Reset()
	}
}

func (e *Engine) listener(port uint16) *Listener {
	if l := e.listeners[port]; l != nil {
		return l
	}
	return e.listeners[0]
}

// maxSameRemote is how many peers may have chosen the same number; with honest ones it does not happen.
const maxSameRemote = 4

// accept takes in a SYN that asks for a stream. What is cheap comes first, then
// the signature, and only then is anything kept.
func (e *Engine) accept(in *incoming) error {
	switch {
	case in.ReceiveID == 0 || in.Sequence != 0:
		return fmt.Errorf("%w: SYN without a number", packet.ErrMalformed)
	case in.Flags.Has(packet.Reset):
		return ErrNotOfStream
	case !in.ForReceiver(e.hash), e.conf.RequireReceiver && !in.NamesReceiver():
		return ErrReplayed
	case !in.Flags.Has(packet.FromIncluded | packet.SignatureIncluded):
		return fmt.Errorf("%w: missing", ErrSignature)
	case !e.opens.take(e.now, e.conf.Limits.OpensPerMinute):
		return fmt.Errorf("%w: too many in all", ErrNotAllowed)
	}
	from, key, err := in.Sender(e.begin.Add(e.now))
	if err != nil {
		return err
	}
	hash := from.Hash()
	if again := e.fromRemote(in.ReceiveID, &hash); again != nil {
		return again.openedAgain(in)
	}
	if e.waits.opened(in.ReceiveID, &hash) {
		return ErrUnknownStream // an old SYN of a stream that is over
	}
	if e.conf.Allow != nil && !e.conf.Allow(from, in.destPort) {
		return ErrNotAllowed
	}
	if err := in.Verify(in.raw, key); err != nil {
		return err
	}
	return e.admit(in, from, key, hash)
}

// admit opens the stream of a SYN that is proven, or refuses it.
func (e *Engine) admit(in *incoming, from keys.Destination, key packet.Key, hash [32]byte) error {
	l := e.listener(in.destPort)
	p := e.peer(from, hash)
	if in.NamesReceiver() {
		p.heard(Proven)
	} else {
		p.heard(Signed)
	}
	limits := &e.conf.Limits
	switch {
	case !p.opens.take(e.now, limits.PeerPerMinute), len(e.byRemote[in.ReceiveID]) >= maxSameRemote:
		return fmt.Errorf("%w: too many of one peer", ErrNotAllowed) // no answer: it is told by silence to go away
	case l == nil, l.pending.len() >= limits.Backlog, p.opened >= limits.StreamsPerPeer,
		len(e.streams) >= limits.Streams, e.buffered >= limits.Buffered:
		e.refuse(in, p)
		return fmt.Errorf("%w: no listener, or no room", ErrNotAllowed)
	}
	s := e.newStream(p)
	p.opened++
	s.incoming = true
	s.grant(in)
	s.localPort, s.remotePort = in.destPort, in.sourcePort
	s.remote = in.ReceiveID
	s.state = open
	s.setKey(key, in)
	e.byRemote[s.remote] = append(e.byRemote[s.remote], s)
	s.heardSYN(&in.Packet)
	s.pushSYN()
	s.listener = l
	l.pending.push(s)
	if !l.reported {
		l.reported = true
		e.changes.push(Change{Listener: l})
	}
	s.receiveData(in)
	for _, early := range e.early.take(s.remote) {
		_ = s.receiveUnnamed(early)
	}
	s.arm()
	return nil
}

// refuse answers a SYN by a RESET, which tells a waiting peer at once.
func (e *Engine) refuse(in *incoming, p *peer) {
	e.answerReset(p, in.ReceiveID, 0, 0, in.destPort, in.sourcePort)
}

// openedAgain answers the repetition of a SYN if our answer may be lost.
func (s *Stream) openedAgain(in *incoming) error {
	s.grant(in)
	if !s.acked && s.sentLen > 0 && s.e.now-(*s.queue.at(0)).last >= minRTO {
		s.probe(0)
	}
	return nil
}

// fromRemote finds the stream that a peer has opened with its number.
func (e *Engine) fromRemote(id uint32, hash *[32]byte) *Stream {
	for _, s := range e.byRemote[id] {
		if s.peer.hash == *hash {
			return s
		}
	}
	return nil
}

func (e *Engine) forgetRemote(s *Stream) {
	if !s.incoming {
		return
	}
	rest := slices.DeleteFunc(e.byRemote[s.remote], func(x *Stream) bool { return x == s })
	if len(rest) == 0 {
		delete(e.byRemote, s.remote)
		return
	}
	e.byRemote[s.remote] = rest
}
