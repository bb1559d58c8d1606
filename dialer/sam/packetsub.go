package sam

import (
	"context"
	"sync"
	"syscall"

	"github.com/go-i2p/i2psocks/dialer"
)

// link is what a PacketConn sends through: a session of its own, or a subsession.
type link struct {
	*live
	id string
}

// membership is the place of a PacketConn in its parent's PRIMARY sessions, one after the other.
type membership struct {
	ctx    context.Context // ends with the PacketConn
	cancel context.CancelFunc

	mu      sync.Mutex
	link    link
	err     error         // why there is no place in the session at hand
	changed chan struct{} // closed and replaced whenever link or err change
}

func (m *membership) set(l link, err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.link, m.err = l, err
	close(m.changed)
	m.changed = make(chan struct{})
}

// attach returns what to send through, waiting for it if need be.
func (p *PacketConn) attach(ctx context.Context) (link, error) {
	if p.member == nil {
		l, err := p.session.await(ctx)
		if err != nil {
			return link{}, err
		}
		return link{l, l.control.id}, nil
	}
	for m := p.member; ; {
		m.mu.Lock()
		l, err, changed := m.link, m.err, m.changed
		m.mu.Unlock()
		switch {
		case err != nil:
			return link{}, err
		case l.live != nil && l.ctx.Err() == nil:
			return l, nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return link{}, waitError(ctx, p.session.Status().Err)
		}
	}
}

// join makes the PacketConn a member of its parent's PRIMARY sessions, from now to Close. The caller
// holds the parent's mu.
func (p *PacketConn) join(s *Session) error {
	for other := range s.packets {
		if other.member != nil && other.style == p.style && other.port == p.port {
			return syscall.EADDRINUSE
		}
	}
	p.session = s
	p.member = &membership{changed: make(chan struct{})}
	p.member.ctx, p.member.cancel = context.WithCancel(context.Background())
	p.tasks.Go(p.stay)
	return nil
}

// stay adds a subsession to each session of the parent.
func (p *PacketConn) stay() {
	m := p.member
	for {
		l, err := p.session.await(m.ctx)
		if err != nil { // closed
			m.set(link{}, err)
			return
		}
		id, err := l.add(p.style, p.port, p.options(l.control.bridge, l.control.router))
		if err != nil && l.ctx.Err() == nil {
			p.session.Logger.Warn("i2p subsession not added", "err", err)
			m.set(link{}, err)
		} else if err == nil {
			m.set(link{l, id}, nil)
		}
		select {
		case <-l.ctx.Done():
			m.set(link{}, nil)
		case <-m.ctx.Done():
			if err == nil {
				l.remove(id)
			}
			m.set(link{}, m.ctx.Err())
			return
		}
	}
}

// status is that of the parent, unless the PacketConn has no place in a session that is up.
func (m *membership) status(st dialer.Status) dialer.Status {
	m.mu.Lock()
	defer m.mu.Unlock()
	switch {
	case st.State != dialer.Up || m.link.live != nil:
	case m.err != nil:
		st.State, st.Err = dialer.Down, m.err
	default:
		st.State = dialer.Starting
	}
	return st
}

// isPrimary reports whether the session has subsessions, which the router decides.
func (s *Session) isPrimary(ctx context.Context) (bool, error) {
	if !s.Primary {
		return false, nil
	}
	l, err := s.await(ctx)
	return err == nil && l.control.style.name == primaryStyle, err
}
