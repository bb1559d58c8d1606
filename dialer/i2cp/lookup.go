package i2cp

import (
	"bytes"
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
	"github.com/go-i2p/i2psocks/keys"
)

// Lookup asks the router for the destination of a host. The answer is verified for a base32 name; for any other name
// it depends on the router's address book. The host of a base64 destination is returned without asking. DialTimeout
// bounds the lookup.
func (s *Session) Lookup(ctx context.Context, host string) (keys.Destination, error) {
	to, err := dialer.ParseTarget("i2p", host+":0")
	if err != nil {
		return keys.Destination{}, dialer.OpError("lookup", nil, err)
	}
	ctx, cancel := s.bounded(ctx)
	defer cancel()
	d, err := s.resolve(ctx, to)
	return d, dialer.OpError("lookup", to.Addr, err)
}

// LookupAddr returns the base32 name of a host: a base32 name itself, and for all other hosts that of the destination
// which [Session.Lookup] finds.
func (s *Session) LookupAddr(ctx context.Context, host string) (b32 string, err error) {
	if h, err := i2phost.Parse(host); err == nil && h.Kind() == i2phost.Base32 {
		return h.String(), nil
	}
	d, err := s.Lookup(ctx, host)
	return d.Base32(), err
}

// askAgain is how long it is until a router is asked again for a destination that may be too new to be known.
const askAgain = time.Second

// resolve returns the destination of a host.
func (s *Session) resolve(ctx context.Context, to dialer.Target) (keys.Destination, error) {
	if !to.Addr.Destination.IsZero() {
		return to.Addr.Destination, nil
	}
	if hash, ok := to.Host.Hash(); ok {
		if d, ok := s.names.get(hash); ok {
			return d, nil
		}
		if own := s.Addr().Destination; own.Hash() == hash {
			return own, nil
		}
	}
	begin := time.Now()
	for {
		l, err := s.await(ctx)
		if err != nil {
			return keys.Destination{}, err
		}
		code, d, err := l.lookup(ctx, to.Host)
		if err != nil {
			if l.ctx.Err() != nil && ctx.Err() == nil {
				continue // the next session is asked
			}
			return d, err
		}
		if code == i2cpwire.HostFound {
			s.names.put(d)
			return d, nil
		}
		err = notFound(l, to.Host, code)
		if to.Host.Kind() != i2phost.Base32 || time.Since(begin)+askAgain > findTime {
			return d, err
		}
		if !pause(ctx, askAgain) {
			return d, err
		}
	}
}

// pause waits for d and reports whether ctx still goes on.
func pause(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// notFound returns what a code of a lookup means for a kind of host.
func notFound(l *live, host i2phost.Host, code i2cpwire.HostCode) error {
	_, blinded := host.Blinded()
	switch {
	case blinded && !l.java:
		return ErrEncryptedHost
	case blinded && code != i2cpwire.HostFailed:
		return fmt.Errorf("%w (%v)", ErrClientKey, code)
	case host.Kind() == i2phost.Name:
		return dialer.ErrNameNotFound
	}
	return dialer.ErrLeaseSetNotFound
}

// lookup asks the router. Its answer must fit the host.
func (l *live) lookup(ctx context.Context, host i2phost.Host) (i2cpwire.HostCode, keys.Destination, error) {
	q := i2cpwire.HostLookup{Session: l.id, Timeout: 30 * time.Second}
	hash, hashed := host.Hash()
	if q.Hash = hash; !hashed {
		q.Name = host.String()
	}
	if b, ok := host.Blinded(); ok && l.java {
		l.send(i2cpwire.BlindingInfo{
			Session: l.id, Signature: keys.SignatureType(b.SignatureType), Key: b.Key,
			Expires: l.now().Add(24 * time.Hour), Client: l.session.params.leases.key(),
		})
	}
	// Java I2P may not answer at all, and neither does i2pd that has forgotten the session.
	ctx, cancel := context.WithTimeoutCause(ctx, q.Timeout+answerTimeout, fmt.Errorf("%w: the router does not answer a lookup", dialer.ErrTimeout))
	defer cancel()
	replies := make(chan i2cpwire.HostReply, 1)
	request := l.ask(q, func(m i2cpwire.HostReply, ok bool) {
		if ok {
			m.Destination = bytes.Clone(m.Destination)
			replies <- m
		}
	})
	defer func() { l.lookups.forget(request) }()
	select {
	case m := <-replies:
		if m.Code != i2cpwire.HostFound {
			return m.Code, keys.Destination{}, nil
		}
		d, err := checkReply(host, m.Destination)
		return m.Code, d, err
	case <-l.ctx.Done():
		return 0, keys.Destination{}, down(context.Cause(l.ctx))
	case <-ctx.Done():
		return 0, keys.Destination{}, keeper.ContextError(ctx)
	}
}

// checkReply returns the destination of an answer if it can be what host stands for.
func checkReply(host i2phost.Host, b []byte) (keys.Destination, error) {
	d, err := keys.DestinationFromBytes(b)
	if err != nil {
		return keys.Destination{}, fmt.Errorf("%w: %w", dialer.ErrBadDestination, err)
	}
	fits := true
	if hash, ok := host.Hash(); ok {
		fits = d.Hash() == hash
	} else if b, ok := host.Blinded(); ok {
		fits = uint16(d.SignatureType()) == b.SignatureType && bytes.Equal(d.SigningKey(), b.Key[:])
	}
	if !fits {
		return keys.Destination{}, fmt.Errorf("%w: answered a lookup with another destination", dialer.ErrRouter)
	}
	return d, nil
}

// lookups are the questions that wait for their answers.
type lookups struct {
	mu      sync.Mutex
	last    uint32
	waiting map[uint32]func(m i2cpwire.HostReply, ok bool)
}

// ask sends a question and lets f have its answer, which must not block. The answer is told by its number alone.
func (l *live) ask(q i2cpwire.HostLookup, f func(m i2cpwire.HostReply, ok bool)) uint32 {
	l.lookups.mu.Lock()
	if l.lookups.waiting == nil {
		l.lookups.waiting = make(map[uint32]func(i2cpwire.HostReply, bool))
	}
	l.lookups.last++
	q.Request = l.lookups.last
	l.lookups.waiting[q.Request] = f
	l.lookups.mu.Unlock()
	l.send(q)
	return q.Request
}

// reply gives an answer to who has asked.
func (l *live) reply(m i2cpwire.HostReply) {
	if f := l.lookups.forget(m.Request); f != nil {
		f(m, true)
	}
}

// forget takes a question out.
func (k *lookups) forget(request uint32) func(i2cpwire.HostReply, bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	f := k.waiting[request]
	delete(k.waiting, request)
	return f
}

// names remembers the destinations of hashes, which never change.
type names struct {
	mu   sync.Mutex
	list map[[32]byte]keys.Destination
}

// maxNames is how many are remembered, of some 400 bytes each.
const maxNames = 1024

func (n *names) get(hash [32]byte) (keys.Destination, bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	d, ok := n.list[hash]
	return d, ok
}

func (n *names) put(d keys.Destination) {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.list == nil {
		n.list = make(map[[32]byte]keys.Destination)
	}
	if len(n.list) >= maxNames {
		for old := range n.list { // any one
			delete(n.list, old)
			break
		}
	}
	n.list[d.Hash()] = d
}
