package i2cp

import (
	"bytes"
	"fmt"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/keys"
)

// maxSigning is how many packets may be with a signer that takes its time. More are lost, and sent again later.
const maxSigning = 256

// next appends the messages of packets that are to be sent now, up to a batch, and returns when to ask again.
func (m *machine) next(l *live, batch []byte) (_ []byte, deadline time.Time) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.live != l {
		return batch, time.Time{}
	}
	for len(batch) < maxBatch {
		o, ok := m.engine.Next(time.Now(), m.scratch[:0])
		if !ok {
			if len(m.toSelf) == 0 {
				break
			}
			m.loopBack()
			continue
		}
		m.scratch = o.Bytes[:0]
		switch {
		case !o.NeedsSignature():
			batch = m.message(l, batch, o)
		case !m.local:
			m.signLater(l, o)
		default:
			if err := o.Sign(m.signer); err != nil {
				m.unsigned(o, err)
				continue
			}
			batch = m.message(l, batch, o)
		}
	}
	m.tell()
	deadline, _ = m.engine.Deadline()
	m.planned = deadline
	return batch, deadline
}

// message appends the message that carries a packet. Those of whose fate it is worth knowing have a nonce.
func (m *machine) message(l *live, batch []byte, o streaming.Outgoing) []byte {
	h := i2cpwire.Header{Protocol: i2cpwire.Streaming, From: o.SourcePort, To: o.DstPort}
	if o.To == m.self {
		m.toSelf = append(m.toSelf, selfPacket{h, bytes.Clone(o.Bytes)})
		m.engine.Heard(time.Now(), m.hash, streaming.Proven)
		return batch
	}
	var err error
	if m.payload, err = i2cpwire.AppendPayload(m.payload[:0], h, o.Bytes); err != nil {
		return batch // longer than the engine was told to make any
	}
	send := &m.sending.SendMessage
	*send = i2cpwire.SendMessage{Session: l.id, To: o.To, Payload: m.payload}
	st := ownerOf(o.Stream)
	opens := st != nil && o.Opens
	switch {
	case o.First:
		to := o.To
		send.Nonce = m.expect(0, func(s i2cpwire.DeliveryStatus) {
			m.first(to, s)
			if opens {
				st.status(s)
			}
		})
	case opens:
		send.Nonce = m.expect(st.nonce, st.status)
		st.nonce = send.Nonce
	}
	var msg i2cpwire.Message = send
	if o.Useful > 0 {
		m.sending.Expires, msg = l.now().Add(o.Useful), &m.sending
	}
	batch, _ = i2cpwire.Append(batch, msg) // of a size that is checked
	return batch
}

func ownerOf(s *streaming.Stream) *stream {
	if s == nil {
		return nil
	}
	st, _ := s.Owner.(*stream)
	return st
}

// loopBack takes in what we have sent to ourselves.
func (m *machine) loopBack() {
	packets := m.toSelf
	m.toSelf = nil
	for _, p := range packets {
		m.deliver(p.header, p.data)
	}
}

// signLater has a packet signed by somebody who takes their time. Nothing else waits for it.
func (m *machine) signLater(l *live, o streaming.Outgoing) {
	if m.signing >= maxSigning {
		m.dropped(o)
		return
	}
	m.signing++
	o.Bytes = bytes.Clone(o.Bytes)
	l.tasks.Go(func() {
		err := o.Sign(m.signer)
		m.mu.Lock()
		m.signing--
		var frame []byte
		switch {
		case err != nil:
			m.unsigned(o, err)
		case m.live == l:
			frame = m.message(l, nil, o)
		}
		m.settle()
		m.mu.Unlock()
		if len(frame) > 0 {
			l.sendFrame(frame)
		}
		l.out.wake()
	})
}

// unsigned ends the stream of a packet that cannot be signed.
func (m *machine) unsigned(o streaming.Outgoing, err error) {
	m.dropped(o)
	if o.Stream != nil {
		o.Stream.Abort(fmt.Errorf("sign packet: %w", err))
	}
}

// dropped notes that a packet does not get to the router, which will say nothing of it: nobody waits for an answer to it.
func (m *machine) dropped(o streaming.Outgoing) {
	if o.First {
		m.engine.Unreached(time.Now(), o.To)
	}
}

// first takes the router's word on a packet that goes to a peer alone.
func (m *machine) first(to keys.Destination, s i2cpwire.DeliveryStatus) {
	switch {
	case s == i2cpwire.StatusAccepted:
		return
	case undelivered(s) == nil:
		m.engine.Reached(time.Now(), to)
	default:
		m.engine.Unreached(time.Now(), to)
	}
	m.settle()
}

// maxNonces bounds the statuses that are waited for: Java I2P may send none. The oldest give way.
const maxNonces = 4096

// expect returns a nonce whose statuses f gets, with mu held, until a final one. old is one that is given up.
func (m *machine) expect(old uint32, f func(i2cpwire.DeliveryStatus)) uint32 {
	delete(m.nonces, old)
	if m.nonce++; m.nonce == 0 {
		m.nonce++
	}
	delete(m.nonces, m.nonce-maxNonces)
	m.nonces[m.nonce] = f
	return m.nonce
}

// status takes the router's word on a message.
func (m *machine) status(nonce uint32, s i2cpwire.DeliveryStatus) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f := m.nonces[nonce]
	if f == nil {
		return
	}
	if s != i2cpwire.StatusAccepted {
		delete(m.nonces, nonce)
	}
	f(s)
}
