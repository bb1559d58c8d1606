package leaktest

import (
	"errors"
	"fmt"
	"net"
	"sync"
)

// ErrMixed is in the errors of [Identities.Saw].
var ErrMixed = errors.New("leaktest: identities mixed")

// Identities is what the network saw: who came under which name. The zero value is empty. Its methods may be called by
// several goroutines.
type Identities struct {
	mu    sync.Mutex
	hosts map[string]string // by who
	whos  map[string]string // by host
}

// Saw takes down that who, such as an account, was seen at addr: the RemoteAddr of a stream that a site accepted, or any
// other net.Addr whose text is "host:port" or a host. It fails with [ErrMixed] if somebody else was seen there, or who
// somewhere else. The error names who, and no addresses.
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

// Len returns how many were seen.
func (i *Identities) Len() int {
	i.mu.Lock()
	defer i.mu.Unlock()
	return len(i.hosts)
}
