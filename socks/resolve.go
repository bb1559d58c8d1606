package socks

import (
	"context"
	"fmt"
	"net/netip"
	"time"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
)

// resolve serves RESOLVE and RESOLVE_PTR (Tor's socks-extensions, section 2).
func (c *conn) resolve(ctx, setup context.Context, req *Request, early []byte) error {
	work := c.srv.lookupAddr
	if req.Command == ResolvePTR {
		work = c.srv.lookupHost
	}
	found, _, err := prepare(setup, c, req, early, work, func(wire.Addr) {})
	if err == nil && req.Version != SOCKS5 && !found.IP.Is4() {
		err = &ReplyError{Reply: AddressNotSupported} // the reply has no room for it
	}
	if err != nil {
		return c.fail(ctx, req, err)
	}
	c.srv.log().Debug("socks request served", "request", req, "time", time.Since(c.start))
	c.answered(Succeeded)
	c.answer(ctx, successMessage(req.Version, found))
	return nil
}

// lookupAddr finds the address of a host: a virtual one, if there are such, else its base32 name.
func (s *Server) lookupAddr(ctx context.Context, req *Request) (wire.Addr, error) {
	d, err := s.backend(ctx, req)
	if err != nil {
		return wire.Addr{}, err
	}
	if _, ok := d.(resolver); !ok {
		return wire.Addr{}, &ReplyError{Reply: CommandNotSupported}
	}
	b32, err := base32(ctx, d, req.Host)
	if err != nil {
		return wire.Addr{}, err
	}
	if s.virtual != nil {
		ip, err := s.virtual.address(virtualHost{req.Isolation(), req.Host})
		if err != nil {
			s.log().Warn("socks virtual addresses are used up", "prefix", s.VirtualAddresses)
		}
		return wire.Addr{IP: ip}, err
	}
	a, ok := hostPort(target{address: b32 + ":0"})
	if !ok {
		return wire.Addr{}, fmt.Errorf("socks: dialer found a name of %d bytes", len(b32))
	}
	return a, nil
}

// lookupHost finds the host of a virtual address. Its name has come from the client itself.
func (s *Server) lookupHost(ctx context.Context, req *Request) (wire.Addr, error) {
	switch {
	case s.virtual == nil:
		return wire.Addr{}, &ReplyError{Reply: CommandNotSupported}
	case !s.virtual.contains(req.IP):
		return wire.Addr{}, &ReplyError{Reply: AddressNotSupported, Err: errUnknownVirtual}
	}
	_, err := s.backend(ctx, req) // which puts the name into req
	return wire.Addr{Name: req.Host}, err
}

// devirtualise puts the host in place of its virtual address, which torsocks sends as a name.
func (s *Server) devirtualise(r *Request) error {
	ip := r.IP
	if !ip.IsValid() {
		ip, _ = netip.ParseAddr(r.Host)
	}
	if !s.virtual.contains(ip) || r.Command == Associate {
		return nil
	}
	host, ok := s.virtual.host(r.Isolation(), ip)
	if !ok {
		return &ReplyError{Reply: HostUnreachable, Err: errUnknownVirtual}
	}
	r.Host, r.IP = host, netip.Addr{}
	return nil
}
