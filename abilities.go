package i2psocks

import (
	"context"
	"errors"
	"net"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/socks"
)

// What a backend may be able to do beside what each must.
type (
	resolver interface {
		LookupAddr(ctx context.Context, host string) (b32 string, err error)
	}
	packetListener interface {
		ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
	}
)

// errUnable is what a SOCKS client is told as "command not supported".
var errUnable error = &socks.ReplyError{Reply: socks.CommandNotSupported, Err: errors.ErrUnsupported}

// LookupAddr returns the base32 name of a host, as DialContext would find it. It fails with [errors.ErrUnsupported]
// if the endpoint has a Backend without such a method.
func (e *Endpoint) LookupAddr(ctx context.Context, host string) (b32 string, err error) {
	ctx, cancel := e.dialContext(ctx)
	defer cancel()
	has, err := e.start(ctx)
	if err != nil {
		return "", err
	}
	return has.names.lookupAddr(ctx, has.backend, host)
}

// EncryptedHost returns the host name of an endpoint to which Configure or ConfigureI2CP has given an encrypted lease
// set: see [sam.Session.EncryptedHost]. Otherwise it is empty.
func (e *Endpoint) EncryptedHost() string {
	has, err := e.start(context.Background())
	if err != nil {
		return ""
	}
	if s, ok := has.backend.(interface{ EncryptedHost() string }); ok {
		return s.EncryptedHost()
	}
	return ""
}

// ListenPacket sends and receives datagrams of up to some 31 KB. network, identity, cost and loss depend on the
// backend: see [sam.Session.ListenPacket]. It fails with [errors.ErrUnsupported] if the endpoint has a Backend
// without such a method.
func (e *Endpoint) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	has, err := e.start(ctx)
	if err != nil {
		return nil, err
	}
	return has.names.listenPacket(ctx, has.backend, network, address, e.dialTime())
}

func (n names) lookupAddr(ctx context.Context, b dialer.Backend, host string) (string, error) {
	r, ok := b.(resolver)
	if !ok {
		return "", dialer.OpError("lookup", nil, errUnable)
	}
	address, err := n.resolve(ctx, "i2p", net.JoinHostPort(host, "0"))
	if err != nil {
		return "", dialer.OpError("lookup", nil, err)
	}
	host, _, _ = net.SplitHostPort(address)
	return r.LookupAddr(ctx, host)
}
