package i2cp

import (
	"context"
	"errors"
	"net"
	"os"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/datagram"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/keys"
)

// WriteTo sends a datagram to addr, a [dialer.Addr] or another address that prints as "host:port". It fails with
// [ErrTooLarge] above the size of a message, some 60 kB; datagrams over 2 kB are split on the way, and are lost if
// any part is. The first datagram to a peer that the router does not find at once is sent within 10 s, or not at all.
// Datagrams that have to wait for the peer's answer, see [PacketConn], wait here; too many are dropped and counted as
// Unanswered.
func (p *PacketConn) WriteTo(b []byte, addr net.Addr) (int, error) {
	ctx, cancel := p.writes.context(&p.m.mu)
	defer cancel()
	err := context.Cause(ctx)
	if err == nil {
		err = p.write(ctx, b, addr)
	}
	if err != nil {
		if cause := context.Cause(ctx); errors.Is(cause, net.ErrClosed) || errors.Is(cause, os.ErrDeadlineExceeded) {
			err = cause
		}
		return 0, dialer.OpError("write", addr, err)
	}
	return len(b), nil
}

func (p *PacketConn) write(ctx context.Context, b []byte, addr net.Addr) error {
	if len(b)+datagram.Overhead(p.kind, p.s.signer) > i2cpwire.MaxData {
		return ErrTooLarge
	}
	ctx, cancel := p.s.bounded(ctx)
	defer cancel()
	to, err := target(addr)
	if err != nil {
		return err
	}
	d, err := p.s.resolve(ctx, to)
	if err != nil {
		return err
	}
	data, err := datagram.Append(nil, p.kind, p.s.signer, d.Hash(), b)
	if err != nil {
		return err
	}
	h := i2cpwire.Header{Protocol: uint8(p.kind), From: p.addr.Port, To: to.Addr.Port}
	if d == p.m.self {
		p.m.mu.Lock()
		defer p.m.mu.Unlock()
		p.m.deliverDatagram(h, data)
		return nil
	}
	payload, err := i2cpwire.AppendPayload(nil, h, data)
	if err != nil {
		return err
	}
	if err := p.s.pace.wait(ctx); err != nil {
		return err
	}
	return p.send(ctx, d, payload)
}

// send gives a payload to the router when there is one, and room.
func (p *PacketConn) send(ctx context.Context, to keys.Destination, payload []byte) error {
	begin := time.Now()
	for {
		d := &written{p, to, payload, begin} // a new one, as another may have forgotten its payload
		l, err := p.s.await(ctx)
		if err != nil {
			return err
		}
		nonce, now := p.m.mayWrite(l, d)
		if !now {
			return nil
		}
		err = l.sendWithin(ctx, i2cpwire.SendMessage{Session: l.id, To: to, Payload: payload, Nonce: nonce})
		if err != nil && nonce != 0 {
			p.m.unsent(nonce, d)
		}
		if err == nil || l.ctx.Err() == nil || ctx.Err() != nil {
			return err
		}
	}
}

// target checks where a datagram is to go.
func target(addr net.Addr) (dialer.Target, error) {
	if a, ok := addr.(dialer.Addr); ok && !a.Destination.IsZero() {
		return dialer.Target{Addr: a}, nil
	}
	if addr == nil {
		return dialer.Target{}, dialer.ErrBadDestination
	}
	return dialer.ParseTarget("i2p", addr.String())
}

// writeDeadline is a deadline for operations that take a context.
type writeDeadline struct {
	base     context.Context // of the operations that run; nil if there are none yet
	cancel   context.CancelCauseFunc
	deadline time.Time
	timer    *time.Timer
	closed   bool
}

// context returns one that ends at the deadline, wherever it is moved meanwhile, or at Close.
func (w *writeDeadline) context(mu *sync.Mutex) (context.Context, context.CancelFunc) {
	mu.Lock()
	defer mu.Unlock()
	w.renew()
	return context.WithCancel(w.base)
}

// renew makes a context for who comes from now on, if the one there is has ended or is none.
func (w *writeDeadline) renew() {
	if w.base != nil && w.base.Err() == nil {
		return
	}
	w.base, w.cancel = context.WithCancelCause(context.Background())
	switch {
	case w.closed:
		w.cancel(net.ErrClosed)
	case !w.deadline.IsZero() && !time.Now().Before(w.deadline):
		w.cancel(os.ErrDeadlineExceeded)
	}
}

func (w *writeDeadline) set(t time.Time) {
	w.deadline = t
	if w.timer != nil {
		w.timer.Stop()
		w.timer = nil
	}
	w.renew()
	if t.IsZero() {
		return
	}
	left, cancel := time.Until(t), w.cancel
	if left <= 0 {
		cancel(os.ErrDeadlineExceeded)
		return
	}
	w.timer = time.AfterFunc(left, func() { cancel(os.ErrDeadlineExceeded) })
}

func (w *writeDeadline) close() {
	w.closed = true
	if w.timer != nil {
		w.timer.Stop()
	}
	if w.cancel != nil {
		w.cancel(net.ErrClosed)
	}
}
