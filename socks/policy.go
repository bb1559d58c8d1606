package socks

import (
	"context"
	"errors"
	"net/netip"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
)

// I2POnly is the policy of a [Server] without Allow: only what
// [i2phost.Parse] accepts passes, and its canonical form becomes the Host. It looks nothing up.
//
// An IP address, also one sent as a name, is answered 0x08, any other host outside I2P
// 0x02, and one that is malformed 0x04, as if it did not exist: it cannot.
// Port 0 is a port as any other: streams of I2P have it where ports mean nothing. In BIND the addresses 0.0.0.0 and :: stand for any peer and pass.
// In UDP ASSOCIATE any address passes, as it is the client's own.
func I2POnly(_ context.Context, r *Request) error {
	if r.IsLiteral() {
		return &ReplyError{Reply: AddressNotSupported, Err: i2phost.ErrNotI2P}
	}
	if _, err := netip.ParseAddr(r.Host); err == nil { // no peer
		return nil
	}
	host, err := i2phost.Parse(r.Host)
	switch {
	case errors.Is(err, i2phost.ErrNotI2P):
		return &ReplyError{Reply: NotAllowed, Err: err}
	case err != nil:
		return &ReplyError{Reply: HostUnreachable, Err: err}
	}
	r.Host = host.String()
	return nil
}

// allow asks the policy, for a virtual address about its host. What it refuses without naming a
// code is 0x02, whatever the error says elsewhere.
func (s *Server) allow(ctx context.Context, r *Request) error {
	if err := s.devirtualise(r); err != nil {
		return err
	}
	policy := s.Allow
	if policy == nil {
		policy = I2POnly
	}
	err := s.judge(policy, ctx, r)
	if _, named := errors.AsType[*ReplyError](err); err != nil && !named {
		return &ReplyError{Reply: NotAllowed, Err: err}
	}
	return err
}

func (s *Server) judge(policy Policy, ctx context.Context, r *Request) (err error) {
	defer s.contain("Allow", &err)
	return policy(ctx, r)
}
