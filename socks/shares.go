package socks

import (
	"errors"
	"os"
	"strconv"
)

var errShare = errors.New("socks: user has as much of it as others leave free")

// resource is something that clients share and that is limited.
type resource int

const (
	places resource = iota
	pending
	associations
	resources // how many there are
)

// tally counts resources.
type tally [resources]int

// user counts what the clients hold together that gave the same credentials, or that come from the same address. The
// mutex of the server guards it.
type user struct {
	key string
	has tally
}

// within reports whether there may be one more; a limit of 0 is none.
func within(n, limit int) bool { return limit == 0 || n < limit }

// fair reports whether a user who has some of the used may have one more: if that is no more than all leave
// free. So one alone gets half, two get a third each, and whoever comes finds something.
func fair(has, used, limit int) bool { return limit == 0 || has < limit-used }

// identify counts the client of a request to its users. It fails for one that is to be refused, as they have too many
// places; silent says that it cannot even be told.
func (s *Server) identify(p *place, req *Request) (silent bool, err error) {
	token, address := "token "+req.Isolation(), req.Origin()
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.refused {
		return false, errTooManyConns
	}
	p.users = append(p.users, s.user(token))
	if address != "" {
		p.users = append(p.users, s.user(address))
	}
	for _, u := range p.users {
		if !fair(u.has[places], s.used[places]-1, s.limits[places]) {
			err = errShare
		}
		u.has[places]++
	}
	if err != nil {
		silent = s.refusing >= maxRefusing
		s.refuse(p)
	}
	return silent, err
}

// Origin identifies clients that share the limits of the server, besides their credentials: the address of a remote
// client (for IPv6 its /64), or a local user other than that of the program, known for unix sockets on Linux. It is
// empty for all others.
func (r Request) Origin() string {
	if r.Peer != nil && int(r.Peer.UID) != os.Getuid() {
		return "uid " + strconv.FormatUint(uint64(r.Peer.UID), 10)
	}
	if ip := network(r.Client); ip.IsValid() && !ip.IsLoopback() {
		return "address " + ip.String()
	}
	return ""
}

// user returns the count of a key. The caller holds mu, here and below.
func (s *Server) user(key string) *user {
	u := s.users[key]
	if u == nil {
		u = &user{key: key}
		s.users[key] = u
	}
	return u
}

// leaves takes one of a resource from users.
func (s *Server) leaves(users []*user, r resource) {
	for _, u := range users {
		if u.has[r]--; u.has == (tally{}) {
			delete(s.users, u.key)
		}
	}
}

// enter takes one of a resource for a client, and returns what gives it back. It fails if there is no more, or if the
// client's users have their share.
func (s *Server) enter(p *place, r resource) (exit func(), err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !within(s.used[r], s.limits[r]) {
		return nil, errLimits[r]
	}
	users := p.users
	for _, u := range users {
		if !fair(u.has[r], s.used[r], s.limits[r]) {
			return nil, errShare
		}
	}
	s.used[r]++
	for _, u := range users {
		u.has[r]++
	}
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.used[r]--
		s.leaves(users, r)
	}, nil
}

var errLimits = [resources]error{
	places:       errTooManyConns,
	pending:      errors.New("socks: too many requests wait for the dialer"),
	associations: errors.New("socks: too many UDP associations"),
}
