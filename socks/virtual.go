package socks

import (
	"container/list"
	"crypto/rand"
	"net/netip"
	"sync"
)

// maxVirtual is how many virtual addresses are remembered.
const maxVirtual = 8192

// virtualHost is a host as one user knows it: what one has resolved must not tell another.
type virtualHost struct{ user, host string }

type virtualEntry struct {
	virtualHost
	ip netip.Addr
}

// virtualTable gives hosts addresses of a prefix, at random. The one used longest ago is
// forgotten for a new one. A nil table is empty for ever.
type virtualTable struct {
	prefix netip.Prefix

	mu    sync.Mutex
	order list.List // of *virtualEntry, the last used in front
	hosts map[virtualHost]*list.Element
	ips   map[netip.Addr]*list.Element
}

// newVirtualTable returns nil if there is no prefix.
func newVirtualTable(p netip.Prefix) *virtualTable {
	if !p.IsValid() {
		return nil
	}
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return &virtualTable{
		prefix: p.Masked(),
		hosts:  make(map[virtualHost]*list.Element),
		ips:    make(map[netip.Addr]*list.Element),
	}
}

func (t *virtualTable) contains(ip netip.Addr) bool { return t != nil && t.prefix.Contains(ip.Unmap()) }

// address returns the address of a host; false if the prefix has no room for any.
func (t *virtualTable) address(h virtualHost) (netip.Addr, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if e, ok := t.hosts[h]; ok {
		t.order.MoveToFront(e)
		return e.Value.(*virtualEntry).ip, true
	}
	for t.order.Len() >= t.room() {
		oldest := t.order.Back()
		if oldest == nil {
			return netip.Addr{}, false
		}
		t.forget(oldest)
	}
	ip := t.random()
	for t.ips[ip] != nil {
		ip = t.random()
	}
	e := t.order.PushFront(&virtualEntry{h, ip})
	t.hosts[h], t.ips[ip] = e, e
	return ip, true
}

// host returns whose address ip is to the user.
func (t *virtualTable) host(user string, ip netip.Addr) (string, bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e, ok := t.ips[ip.Unmap()]
	if !ok || e.Value.(*virtualEntry).user != user {
		return "", false
	}
	t.order.MoveToFront(e)
	return e.Value.(*virtualEntry).host, true
}

func (t *virtualTable) forget(e *list.Element) {
	old := t.order.Remove(e).(*virtualEntry)
	delete(t.hosts, old.virtualHost)
	delete(t.ips, old.ip)
}

// room is how many entries may be: half of what the prefix holds, so that a free one is soon found at random.
func (t *virtualTable) room() int {
	bits := t.prefix.Addr().BitLen() - t.prefix.Bits()
	if bits < 2 {
		return 0
	}
	return min(maxVirtual, 1<<min(bits-1, 30))
}

// random returns an address of the prefix, but neither its first, which means the network, nor its last.
func (t *virtualTable) random() netip.Addr {
	for {
		ip, last := t.prefix.Addr().AsSlice(), true
		host := make([]byte, len(ip))
		rand.Read(host)
		for i := range ip {
			mask := byte(0xFF)
			if n := t.prefix.Bits() - 8*i; n >= 8 {
				mask = 0
			} else if n > 0 {
				mask >>= n
			}
			ip[i] |= host[i] & mask
			last = last && host[i]&mask == mask
		}
		if a, _ := netip.AddrFromSlice(ip); a != t.prefix.Addr() && !last {
			return a
		}
	}
}
