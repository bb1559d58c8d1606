package leaktest

import (
	"errors"
	"fmt"
	"net"
	"sync"
)

// ErrMixed is in the errors of [Identities.Saw].
var ErrMixed = errors.New("leaktest: identities mixed")

// Identities records which account was seen at which address. The zero value is empty. Its methods may be called by
// several goroutines.
type Identities struct {
	mu    sync.Mutex
	hosts map[string]string // by who
	whos  map[string]string // by host
}

// Saw records that who, such as an account, was seen at addr: the RemoteAddr of a stream that a site accepted, or any
// other net.Addr whose text is "host:port" or a host. It fails with [ErrMixed] if another account was seen there, or
// who was seen elsewhere. The error contains who, but no addresses.
func (i *Identities) Saw(who string, addr net.Addr) error {
	host := addr.String()
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.hosts == nil {
		i.hosts, i.whos = map[string]string{}, map[string]string{}
	}
	if other, ok := i.whos[host]; ok && other != who {
		return fmt.Errorf("%w: %s and %s are one", ErrMixed, other, who)
	}
	if other, ok := i.hosts[who]; ok && other != host {
		return fmt.Errorf("%w: %s has two", ErrMixed, who)
	}
	i.hosts[who], i.whos[host] = host, who
	return nil
}

// Len returns the number of accounts seen.
func (i *Identities) Len() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.hosts)
}
