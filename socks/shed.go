package socks

import (
	"context"
	"errors"
	"slices"
	"syscall"
	"time"
)

// isTemporary reports whether Accept may succeed later.
func isTemporary(err error) bool {
	e, ok := errors.AsType[interface {
		error
		Temporary() bool
	}](err)
	return ok && e.Temporary() || errors.Is(err, syscall.ECONNABORTED) || isShort(err)
}

// isShort reports whether err tells that something is used up which streams hold: descriptors of the process or the
// system, or by syscall.EDQUOT what a dialer has of its own, such as identities.
func isShort(err error) bool {
	return errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) || errors.Is(err, syscall.EDQUOT)
}

// shed gets descriptors back: of pipes that are kept for later, else of somebody who gives way; it waits until that one
// is gone. It is false if all have to be let alone.
func (s *Server) shed() bool {
	if dropPipes() {
		return true
	}
	s.mu.Lock()
	p := s.makeRoom()
	s.mu.Unlock()
	if p == nil {
		return false
	}
	ctx, cancel := context.WithTimeout(s.open, time.Second)
	defer cancel()
	select {
	case <-p.left:
	case <-ctx.Done():
	}
	return true
}

// shedUser makes all clients of one user give way, so that what it has in the dialer comes free: of a user other than
// these, of whom there are no clients but such as may be gone. It is false if there is none.
func (s *Server) shedUser(ctx context.Context, besides []*user) bool {
	s.mu.Lock()
	left := s.takeUser(besides)
	s.mu.Unlock()
	for _, p := range left {
		select {
		case <-p.left:
		case <-ctx.Done():
		}
	}
	return len(left) > 0
}

// takeUser begins what shedUser does. The caller holds mu.
func (s *Server) takeUser(besides []*user) (taken []*place) {
	idle := make(map[*user][]*leaver)
	token := func(l *leaver) *user {
		if l.place == nil || l.place.refused || len(l.place.users) == 0 {
			return nil
		}
		return l.place.users[0]
	}
	s.halves.each(func(l *leaver) { idle[token(l)] = append(idle[token(l)], l) })
	victim := s.halves.quietest(func(l *leaver) bool {
		u := token(l)
		return u != nil && !slices.Contains(besides, u) && len(idle[u]) == u.has[places]
	})
	if victim == nil {
		return nil
	}
	for _, l := range idle[token(victim)] {
		taken = append(taken, l.place)
		s.giveWay(l.place)
		l.watch.end(errGaveWay)
	}
	return taken
}

// pressing repeats work for a client while it is short of something and somebody can give way.
func pressing[T any](ctx context.Context, c *conn, work func() (T, error)) (T, error) {
	for {
		result, err := work()
		switch {
		case err == nil || ctx.Err() != nil:
		case errors.Is(err, syscall.EDQUOT):
			if c.srv.shedUser(ctx, c.place.users) {
				continue
			}
		case isShort(err):
			if c.srv.shed() {
				continue
			}
		}
		return result, err
	}
}
