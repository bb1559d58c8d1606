package leaktest

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"slices"
	"sync"
	"testing"
)

// Confined is a network namespace in which a program has loopback, a network interface without a route to anywhere,
// and the addresses of [Confined.Forward]. Every packet is inspected. [Confine] makes one. Its methods may be called
// by several goroutines.
type Confined struct {
	ns     *namespace
	relays sync.WaitGroup

	itself bool // who is inside may connect to itself by loopback

	mu      sync.Mutex
	probes  int // packets that show that it is looked at
	allowed []netip.AddrPort
	strays  []string
	closers []io.Closer
	closed  bool
}

// Confine makes a namespace that ends with the test. The test fails if a packet in it was sent anywhere except to the
// addresses of Forward and DialContext. It is skipped without Linux, root and ip(8) of iproute2. The program must
// have ended before the test does.
func Confine(tb testing.TB) *Confined {
	tb.Helper()
	return confine(tb, new(Confined))
}

func confine(tb testing.TB, c *Confined) *Confined {
	tb.Helper()
	ns, err := newNamespace(c.look)
	if err != nil {
		tb.Skip("leaktest: ", err)
	}
	c.ns = ns
	tb.Cleanup(func() {
		for _, s := range c.Strays() {
			tb.Errorf("leaktest: a packet went elsewhere: %s", s)
		}
		if err := c.close(); err != nil {
			tb.Error("leaktest: ", err)
		}
	})
	return c
}

// Forward lets programs inside connect to an IP address and port, preferably on loopback, and forwards them to an
// address outside, such as that of a router.
func (c *Confined) Forward(inside, outside string) error {
	to, err := netip.ParseAddrPort(inside)
	if err != nil {
		return fmt.Errorf("leaktest: %w", err)
	}
	if _, err := netip.ParseAddrPort(outside); err != nil {
		return fmt.Errorf("leaktest: %w", err)
	}
	var ln net.Listener
	err = c.ns.enter(func() (err error) {
		ln, err = net.Listen("tcp", inside)
		return err
	})
	if err != nil {
		return err
	}
	c.allow(to)
	c.keep(ln)
	c.relays.Go(func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			c.relays.Go(func() { c.relay(conn, outside) })
		}
	})
	return nil
}

func (c *Confined) relay(conn net.Conn, outside string) {
	defer conn.Close()
	other, err := net.Dial("tcp", outside)
	if err != nil {
		return
	}
	defer other.Close()
	c.keep(conn)
	c.keep(other)
	back := make(chan struct{})
	go func() {
		defer close(back)
		io.Copy(conn, other)
		conn.Close()
	}()
	io.Copy(other, conn)
	other.Close()
	<-back
}

// keep closes something with the namespace.
func (c *Confined) keep(x io.Closer) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closed {
		x.Close()
		return
	}
	c.closers = append(c.closers, x)
}

// DialContext connects to a program inside, at an IP address and port, which are permitted from then on.
func (c *Confined) DialContext(ctx context.Context, network, address string) (conn net.Conn, err error) {
	to, err := netip.ParseAddrPort(address)
	if err != nil {
		return nil, fmt.Errorf("leaktest: %w", err)
	}
	c.allow(to)
	err = c.ns.enter(func() (err error) {
		conn, err = new(net.Dialer).DialContext(ctx, network, address)
		return err
	})
	return conn, err
}

func (c *Confined) allow(to netip.AddrPort) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.allowed = append(c.allowed, to)
}

// look judges a packet that was sent on loopback or on the card.
func (c *Confined) look(b []byte, loopback bool) {
	p, ok := parsePacket(b)
	if ok && p.own || loopback && (!ok || p.protocol != protoUDP && !p.opens) {
		return // an answer, or what belongs to a connection that was judged before
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.itself && p.protocol == protoUDP && p.to == probe:
		c.probes++
		return
	case c.itself && loopback && !slices.Contains(nameServers, p.to.Port()):
		return
	}
	if p.protocol == protoTCP && slices.Contains(c.allowed, p.to) {
		return
	}
	s := p.String()
	if !ok {
		s = "something that is not IP"
	}
	c.strays = append(c.strays, s)
}

// Strays returns the packets that were sent elsewhere so far, such as "UDP to 192.0.2.1:53", each as often as it was
// sent.
func (c *Confined) Strays() []string {
	c.ns.drain()
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.strays)
}

func (c *Confined) close() error {
	c.mu.Lock()
	c.closed = true
	for _, x := range c.closers {
		x.Close()
	}
	c.mu.Unlock()
	c.relays.Wait()
	return c.ns.close()
}
