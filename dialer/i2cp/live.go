package i2cp

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/dialer/internal/settings"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
)

// live is a session on the router, from its creation to its end. There is one for each connection.
type live struct {
	session    *Session
	wire       *wireConn // read by one goroutine
	id         uint16
	offset     time.Duration // of the router's clock
	version    string
	encryption Encryption
	keys       []keyPair // of the lease sets

	ctx    context.Context // ends with the session
	cancel context.CancelCauseFunc
	tasks  sync.WaitGroup

	requests chan i2cpwire.RequestVariableLeaseSet
	leased   chan struct{} // closed once a lease set was sent
	known    chan struct{} // closed once it is known what router this is
	java     bool          // after known

	out     outgoing
	lookups lookups
	heard   chan struct{} // the router has said something; one place
}

// maxRequests is how many requests for lease sets may wait for a slow signer.
const maxRequests = 16

func newLive(s *Session, w *wireConn, date i2cpwire.SetDate, encryption Encryption) *live {
	l := &live{
		session: s, wire: w, offset: time.Until(date.Date), version: date.Version, encryption: encryption,
		requests: make(chan i2cpwire.RequestVariableLeaseSet, maxRequests),
		leased:   make(chan struct{}), known: make(chan struct{}), heard: make(chan struct{}, 1),
	}
	for _, t := range encryption.types() {
		l.keys = append(l.keys, newKeyPair(t))
	}
	l.out.init()
	l.ctx, l.cancel = context.WithCancelCause(context.Background())
	context.AfterFunc(l.ctx, func() { w.conn.Close() })
	return l
}

// Context implements keeper.Live.
func (l *live) Context() context.Context { return l.ctx }

// Router implements keeper.Live.
func (l *live) Router() string {
	name := "i2pd"
	if l.java {
		name = "Java I2P"
	}
	if l.version != version { // else it may have repeated ours
		name += ", I2CP " + settings.Quotable(l.version)
	}
	if l.encryption != l.session.params.leases.encryption {
		name += ", without ML-KEM"
	}
	return name
}

// Rest implements keeper.Live: a connection that was closed ends the session.
func (l *live) Rest() time.Duration { return settle }

// ratchet is how the router treats peers that have not answered.
func (l *live) ratchet() streaming.Ratchet {
	switch {
	case l.java:
		return streaming.Ratchet{}
	case minor(l.version) >= ratchetVersion:
		return streaming.Ratchet259
	}
	return streaming.Ratchet256
}

// End implements keeper.Live. Streams that are to be waited for have been closed before.
func (l *live) End(why error) {
	l.session.machine.detach(l, why)
	l.stop(why)
}

// stop ends the connection, which ends the session on the router.
func (l *live) stop(why error) {
	l.cancel(why)
	l.tasks.Wait()
	l.wire.conn.Close()
}

// kill makes the session one that has ended. The first cause counts.
func (l *live) kill(cause error) { l.cancel(cause) }

// read takes what the router sends, for as long as the session lives. It waits for nobody else, as routers throw away
// what is not read in time, requests for lease sets too.
func (l *live) read() {
	for {
		m, err := l.wire.read()
		switch {
		case errors.Is(err, i2cpwire.ErrMalformed), errors.Is(err, i2cpwire.ErrTooLong):
			l.kill(fmt.Errorf("%w: %w", dialer.ErrRouter, err))
			return
		case err != nil:
			l.kill(down(fmt.Errorf("connection lost: %w", err)))
			return
		}
		select {
		case l.heard <- struct{}{}:
		default:
		}
		l.take(m)
		if !l.wire.more() {
			l.session.machine.flush()
			l.wire.acknowledge()
		}
	}
}

// take handles one message. It must not block.
func (l *live) take(m i2cpwire.Message) {
	switch m := m.(type) {
	case *i2cpwire.MessagePayload:
		l.session.machine.receive(m.Payload)
	case i2cpwire.RequestVariableLeaseSet:
		select {
		case l.requests <- m:
		default:
			l.kill(fmt.Errorf("%w: %d lease sets wait for their signature", dialer.ErrRouter, maxRequests))
		}
	case i2cpwire.MessageStatus:
		if m.Status == i2cpwire.StatusBadSession {
			l.kill(fmt.Errorf("%w: the router has forgotten the session", dialer.ErrRouterDown))
			return
		}
		l.session.machine.status(m.Nonce, m.Status)
	case i2cpwire.HostReply:
		l.reply(m)
	case i2cpwire.SessionStatus:
		if m.State != i2cpwire.SessionCreated && m.State != i2cpwire.SessionUpdated {
			l.kill(fmt.Errorf("%w: session %v", dialer.ErrRouterDown, m.State))
		}
	case i2cpwire.Disconnect:
		l.kill(fmt.Errorf("%w: %w", dialer.ErrRouterDown, disconnected(m.Reason)))
	}
}

// Silence of so long makes the session ask whether the router is still there, and be over if no answer comes.
const (
	pulseAfter  = time.Minute
	pulseAnswer = 30 * time.Second
)

// pulse notices a router that hangs, or to which the way is cut, which nothing else would.
func (l *live) pulse() {
	t := time.NewTimer(pulseAfter)
	defer t.Stop()
	for asked := false; ; {
		select {
		case <-l.ctx.Done():
			return
		case <-l.heard:
			asked = false
			t.Reset(pulseAfter)
		case <-t.C:
			if asked {
				l.kill(fmt.Errorf("%w: no answer for %v", dialer.ErrRouterDown, pulseAnswer))
				return
			}
			asked = true
			l.send(i2cpwire.GetBandwidthLimits{})
			t.Reset(pulseAnswer)
		}
	}
}
