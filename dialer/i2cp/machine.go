package i2cp

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/keys"
)

// machine is the streams and datagrams of a session. It outlives the connection to the router: streams wait for the
// next one.
type machine struct {
	signer keys.Signer
	self   keys.Destination
	hash   [32]byte
	local  bool // the signer is in this process, and quick

	received, sent atomic.Int64 // bytes of all streams

	mu        sync.Mutex
	engine    *streaming.Engine
	live      *live       // who takes packets; nil while there is nobody
	outage    *time.Timer // ends all streams, while there is nobody
	listeners map[uint16]*listener
	streams   map[*stream]struct{} // that have not ended
	dials     map[keys.Destination]*dials
	dialled   sync.Cond // one of them is over
	answered  sync.Cond // a ping is
	nonces    map[uint32]func(i2cpwire.DeliveryStatus)
	nonce     uint32
	planned   time.Time // when the writer looks again by itself; zero is never
	packets   map[binding]*PacketConn
	held      shares // that wait for their peers
	firsts    shares // that are sent again if the router cannot
	toSelf    []selfPacket
	signing   int    // packets that are with the signer
	scratch   []byte // of the packet that is being made
	payload   []byte
	sending   i2cpwire.SendMessageExpires // the message that is being made
	closed    bool
	hurried   bool      // closing waits for nothing more
	idle      sync.Cond // something may be delivered, for who closes
}

// selfPacket is one to ourselves, which no router brings.
type selfPacket struct {
	header i2cpwire.Header
	data   []byte
}

func newMachine(s *Session) (*machine, error) {
	m := &machine{
		signer: s.signer, self: s.signer.Destination(),
		listeners: make(map[uint16]*listener), streams: make(map[*stream]struct{}),
		dials: make(map[keys.Destination]*dials), nonces: make(map[uint32]func(i2cpwire.DeliveryStatus)),
		packets: make(map[binding]*PacketConn),
	}
	m.hash = m.self.Hash()
	m.idle.L, m.dialled.L, m.answered.L = &m.mu, &m.mu, &m.mu
	conf := streaming.Config{
		Destination: m.self, AnswerPings: s.AnswerPings, Limits: s.Limits.engine(),
		GiveUp: s.streamTimeout(),
		Linger: Outage, // what was written is delivered across one, too
	}
	switch s.signer.(type) {
	case keys.Identity, keys.Transient:
		m.local = true
	}
	if off, ok := s.signer.(keys.OfflineSigner); ok {
		conf.Offline, _ = off.OfflineSignature().AppendBinary(nil) // never fails
	}
	var err error
	m.engine, err = streaming.New(time.Now(), conf)
	return m, err
}

// attach lets packets go to a session on a router. It is what the keeper calls before anybody gets it.
func (m *machine) attach(l *live) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.live = l
	m.engine.Rerouted(time.Now(), l.ratchet())
	m.tell()
	if m.outage != nil {
		m.outage.Stop()
		m.outage = nil
	}
	l.out.wake()
}

// detach is called at the end of a session. Streams wait for the next one, for a while.
func (m *machine) detach(l *live, why error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.live != l {
		return
	}
	m.live, m.planned = nil, time.Time{}
	clear(m.nonces)
	m.held, m.firsts = shares{}, shares{}
	m.idle.Broadcast()
	m.outage = time.AfterFunc(Outage, func() { m.fail(down(why)) })
}

// fail ends all streams.
func (m *machine) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.outage != nil {
		m.outage.Stop()
	}
	m.engine.Fail(err)
	m.settle()
}

// settle tells who waits what has changed, and lets packets be sent. The caller holds mu, as for all below that
// do not take it.
func (m *machine) settle() {
	m.tell()
	if m.live == nil {
		return
	}
	if at, ok := m.engine.Deadline(); ok && (m.planned.IsZero() || at.Before(m.planned)) {
		m.live.out.wake()
	}
}

// tell wakes who waits for what has changed.
func (m *machine) tell() {
	for c, ok := m.engine.Changed(); ok; c, ok = m.engine.Changed() {
		switch {
		case c.Stream != nil:
			if st, ok := c.Stream.Owner.(*stream); ok {
				st.changed()
			}
		case c.Listener != nil:
			if ln := m.listenerOf(c.Listener); ln != nil {
				ln.ready.Broadcast()
			}
		case c.Ping != nil:
			m.answered.Broadcast()
		case c.Forgotten:
			m.abandon(c.Peer)
		case !c.Peer.IsZero():
			m.release(c.Peer)
			m.dialled.Broadcast()
		}
	}
}

// flush wakes the writer after packets were received.
func (m *machine) flush() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.settle()
	if m.closed {
		m.idle.Broadcast()
	}
}

// receive takes a payload from the router. It must not block.
func (m *machine) receive(payload []byte) {
	h, data, err := i2cpwire.ParsePayload(payload)
	if err != nil {
		return // anybody can send anything
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.deliver(h, data)
}

func (m *machine) deliver(h i2cpwire.Header, data []byte) {
	if h.Protocol != i2cpwire.Streaming {
		m.deliverDatagram(h, data)
		return
	}
	_ = m.engine.Receive(time.Now(), h.From, m.portFor(h.To), data) // packets come from anybody
	m.tell()
}

// portFor returns the port that a packet to a port is for: i2pd's programs can call port 0 alone, so that is
// for the only listener where none has it.
func (m *machine) portFor(port uint16) uint16 {
	if port != 0 || len(m.listeners) != 1 {
		return port
	}
	for only := range m.listeners {
		return only
	}
	return port
}

// fillStatus is what the keeper calls to complete a status.
func (m *machine) fillStatus(st *dialer.Status) {
	m.mu.Lock()
	defer m.mu.Unlock()
	st.Streams = m.engine.Streams()
	st.Received, st.Sent = m.received.Load(), m.sent.Load()
}
