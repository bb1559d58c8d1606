package sam

import (
	"bytes"
	"context"
	"fmt"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
	"github.com/go-i2p/i2psocks/internal/bound"
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
	if !to.Addr.Destination.IsZero() {
		return to.Addr.Destination, nil
	}
	d, err := s.lookup(ctx, to.Host)
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

func (s *Session) lookup(ctx context.Context, host i2phost.Host) (d keys.Destination, err error) {
	ctx, done := bound.Context(ctx, s.dialTimeout())
	defer done()
	l, err := s.await(ctx)
	if err != nil {
		return d, err
	}
	ctx, cancel := l.within(ctx)
	defer cancel(nil)
	// On a connection of its own, since a slow lookup would block the session.
	conn, err := l.open(ctx)
	if err != nil {
		return d, err
	}
	defer conn.Close()
	reply, err := exchange(ctx, conn, wire.MaxReply, command("NAMING", "LOOKUP", "NAME", host.String()))
	if err == nil {
		err = targetError(reply, host, 0)
	}
	if err != nil {
		return d, err
	}
	if d, err = keys.ParseDestination(reply.Get("VALUE")); err != nil {
		return d, fmt.Errorf("%w: answered a lookup with a malformed destination", dialer.ErrRouter)
	}
	if !answers(host, d) {
		return keys.Destination{}, fmt.Errorf("%w: answered a lookup with another destination", dialer.ErrRouter)
	}
	return d, nil
}

// answers reports whether d can be what host stands for.
func answers(host i2phost.Host, d keys.Destination) bool {
	if hash, ok := host.Hash(); ok {
		return d.Hash() == hash
	}
	if b, ok := host.Blinded(); ok {
		return uint16(d.SignatureType()) == b.SignatureType && bytes.Equal(d.SigningKey(), b.Key[:])
	}
	return true
}
