package socks

import (
	"context"
	"errors"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
)

// I2POnly is the policy of a [Server] without Allow: it permits what [i2phost.Parse] accepts and sets Host to its
// canonical form. It looks nothing up.
//
// IP addresses, including those sent as text, are answered with 0x08, other hosts outside I2P with 0x02, and
// malformed ones with [BadAddress], so 0x04 without [Server].ExtendedErrors. Port 0 is permitted, since I2P streams
// use it where ports have no meaning. For BIND the addresses 0.0.0.0 and :: mean any peer and are permitted. For UDP
// ASSOCIATE any address is permitted, since it is the client's own.
func I2POnly(_ context.Context, r *Request) error {
	if r.IsLiteral() {
		return &ReplyError{Reply: AddressNotSupported, Err: i2phost.ErrNotI2P}
	}
	host, err := i2phost.Parse(r.Host)
	switch {
	case err != nil && isIP(r.Host): // no peer
		return nil
	case errors.Is(err, i2phost.ErrNotI2P):
		return &ReplyError{Reply: NotAllowed, Err: err}
	case err != nil:
		return &ReplyError{Reply: BadAddress, Err: err}
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
