package socks

import (
	"container/list"
	"errors"
	"net/netip"
	"sync"
	"time"
)

const (
	// maxVirtual is how many virtual addresses are remembered.
	maxVirtual = 8192
	// staleVirtual is after what time one gives way to those of others.
	staleVirtual = time.Hour
)

var (
	errNoVirtual      = errors.New("socks: no virtual address is left that never meant another host")
	errUnknownVirtual = errors.New("socks: virtual address of no known host")
)

// virtualHost is a host as one user knows it: what one has resolved must not tell another.
type virtualHost struct{ user, host string }

type virtualEntry struct {
	virtualHost
	ip   netip.Addr
	used time.Time
}

// virtualTable gives hosts addresses of a prefix, each of them once: a program that remembers one which is forgotten here
// must not be led to another host. A nil table is empty for ever.
type virtualTable struct {
	prefix netip.Prefix
	room   int // how many may be remembered

	mu     sync.Mutex
	unused *scatter
	order  list.List // of *virtualEntry, the last used in front
	hosts  map[virtualHost]*list.Element
	ips    map[netip.Addr]*list.Element
	users  map[string]int // how many each has
}

// newVirtualTable returns nil if there is no prefix.
func newVirtualTable(p netip.Prefix) *virtualTable {
	if !p.IsValid() {
		return nil
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	t := &virtualTable{
		prefix: p.Masked(),
		unused: newScatter(p.Addr().BitLen() - p.Bits()),
		hosts:  make(map[virtualHost]*list.Element),
		ips:    make(map[netip.Addr]*list.Element),
		users:  make(map[string]int),
	}
	t.room = int(min(maxVirtual, t.unused.left()))
	return t
}

func (t *virtualTable) contains(ip netip.Addr) bool { return t != nil && t.prefix.Contains(ip.Unmap()) }

// address returns the address of a host. It fails if the prefix has no more.
func (t *virtualTable) address(h virtualHost) (netip.Addr, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.hosts[h]; ok {
		return t.use(e).ip, nil
	}
	n, ok := t.unused.next()
	if !ok {
		return netip.Addr{}, errNoVirtual
	}
	t.makeRoom(h.user)
	v := &virtualEntry{virtualHost: h, ip: addNumber(t.prefix.Addr(), n), used: time.Now()}
	e := t.order.PushFront(v)
	t.hosts[h], t.ips[v.ip] = e, e
	t.users[h.user]++
	return v.ip, nil
}

// host returns whose address ip is to the user.
func (t *virtualTable) host(user string, ip netip.Addr) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.ips[ip.Unmap()]
	if !ok || e.Value.(*virtualEntry).user != user {
		return "", false
	}
	return t.use(e).host, true
}

func (t *virtualTable) use(e *list.Element) *virtualEntry {
	v := e.Value.(*virtualEntry)
	v.used = time.Now()
	t.order.MoveToFront(e)
	return v
}

// makeRoom forgets one for a user who has his share already: the one that nobody has used for long, else the
// user's own that was used longest ago. So nobody drives out what others have in use.
func (t *virtualTable) makeRoom(user string) {
	oldest := t.order.Back()
	if fair(t.users[user], t.order.Len(), t.room) || oldest == nil {
		return
	}
	if t.users[user] > 0 && time.Since(oldest.Value.(*virtualEntry).used) < staleVirtual {
		for oldest.Value.(*virtualEntry).user != user {
			oldest = oldest.Prev()
		}
	}
	old := t.order.Remove(oldest).(*virtualEntry)
	delete(t.hosts, old.virtualHost)
	delete(t.ips, old.ip)
	if t.users[old.user]--; t.users[old.user] == 0 {
		delete(t.users, old.user)
	}
}

// addNumber returns the address n behind a.
func addNumber(a netip.Addr, n uint64) netip.Addr {
	b := a.AsSlice()
	for i := len(b) - 1; n > 0; i, n = i-1, n>>8 {
		b[i] |= byte(n) // the host part of a is zero
	}
	a, _ = netip.AddrFromSlice(b)
	return a
}
