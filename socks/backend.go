package socks

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/socks/internal/wire"
	"golang.org/x/net/proxy"
)

// What a dialer may be able to do beside dialling. [Server].Dialer says what each is for.
type (
	streamListener interface {
		Listen(ctx context.Context, network, address string) (net.Listener, error)
	}
	packetListener interface {
		ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
	}
	resolver interface {
		LookupAddr(ctx context.Context, host string) (b32 string, err error)
	}
)

// backend asks the policy, then chooses the dialer.
func (s *Server) backend(ctx context.Context, req *Request) (proxy.ContextDialer, error) {
	if err := s.allow(ctx, req); err != nil {
		return nil, err
	}
	return s.choose(ctx, req)
}

func (s *Server) choose(ctx context.Context, req *Request) (d proxy.ContextDialer, err error) {
	d = s.Dialer
	if s.Select != nil {
		defer s.contain("Select", &err)
		d, err = s.Select(ctx, req)
	}
	if err == nil && d == nil {
		s.log().Warn("socks server has no dialer for a request")
		err = errNoDialer
	}
	return d, err
}

// base32 returns the name by which the address of a peer called host is known: what d finds for a name
// that is no such name already, and else host itself.
func base32(ctx context.Context, d proxy.ContextDialer, host string) (string, error) {
	r, ok := d.(resolver)
	if h, err := i2phost.Parse(host); !ok || err != nil || h.Kind() == i2phost.Base32 {
		return host, nil
	}
	b32, err := r.LookupAddr(ctx, host)
	return strings.ToLower(b32), err
}

// hostPort reads an address that prints as host:port. It is false for any other.
func hostPort(addr net.Addr) (a wire.Addr, ok bool) {
	if addr == nil {
		return a, false
	}
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil || host == "" || len(host) > 255 {
		return a, false
	}
	n, err := strconv.ParseUint(port, 10, 16)
	if err != nil {
		return a, false
	}
	a.Port = uint16(n)
	if ip, err := netip.ParseAddr(host); err == nil {
		a.IP = ip.WithZone("").Unmap()
	} else {
		a.Name = strings.ToLower(host)
	}
	return a, true
}

// isWildcard reports whether host is an address that stands for any.
func isWildcard(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsUnspecified()
}
