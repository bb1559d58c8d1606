package sam

import (
	"context"
	"fmt"
	"sync"
	"syscall"
	"time"

	"github.com/cenkalti/backoff/v5"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
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
		return link{l, l.id}, nil
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
			return link{}, fmt.Errorf("subsession is not up: %w", keeper.ContextError(ctx))
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
		if id := p.addTo(l); id != "" {
			m.set(link{l, id}, nil)
			select {
			case <-l.ctx.Done():
			case <-m.ctx.Done():
				wait, cancel := context.WithTimeout(l.ctx, bridgeTimeout)
				select {
				case <-l.removeSubsession(id):
				case <-wait.Done():
				}
				cancel()
			}
		}
		m.set(link{}, m.ctx.Err())
		if m.ctx.Err() != nil {
			return
		}
	}
}

// addTo adds a subsession to a session, trying again while that lasts. It returns "" when it is over, or the PacketConn is.
func (p *PacketConn) addTo(l *live) string {
	ctx, cancel := l.within(p.member.ctx)
	defer cancel(nil)
	pause := backoff.NewExponentialBackOff()
	pause.InitialInterval, pause.MaxInterval = time.Second, time.Minute
	for ctx.Err() == nil {
		id, err := l.addSubsession(ctx, p.style, p.port, p.options(l.bridge, l.profile))
		if err == nil {
			return id
		}
		if ctx.Err() == nil {
			p.session.Logger.Warn("i2p subsession not added", "err", err)
			p.member.set(link{}, err)
			sleep(ctx, pause.NextBackOff())
		}
	}
	return ""
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
	return err == nil && l.style.name == primaryStyle, err
}
