package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// What a client asks the site for, in one byte; behind it follow how many bytes, in eight.
const (
	sendBytes    = 'd'
	receiveBytes = 'u'
)

// serveBridges is an I2P network in memory with two bridges: one for the relays, whose address it prints first, and one for
// the site. With the target "hold" no stream ever opens.
func serveBridges(ctx context.Context, target string, stdout io.Writer) error {
	network := samtest.NewNetwork()
	defer network.Close()
	near, far := network.Start(nil), network.Start(nil)
	fault := samtest.Fault{On: "STREAM CONNECT", Times: -1, Hold: -1} // answer at once
	if target == "hold" {
		fault.Delay = 24 * time.Hour
	}
	near.Inject(fault)
	fmt.Fprintln(stdout, near.Addr(), far.Addr())
	<-ctx.Done()
	return nil
}

// serveSite is the site. Its target is "tcp", or a SAM bridge. It prints its address.
func serveSite(ctx context.Context, target string, stdout io.Writer) error {
	var l net.Listener
	var err error
	var address string
	if target == "tcp" {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err == nil {
			address = l.Addr().String()
		}
	} else {
		ep := &i2psocks.Endpoint{SAM: target}
		defer ep.Close()
		if l, err = ep.Listen(ctx, "tcp", ":80"); err == nil {
			address, _, _ = strings.Cut(l.Addr().String(), ":")
		}
	}
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, address)
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		conn, err := l.Accept()
		if err != nil {
			return nil
		}
		go func() {
			defer conn.Close()
			for answer(conn) == nil {
			}
		}()
	}
}

// answer does one thing that a client asks for.
func answer(conn net.Conn) error {
	var order [9]byte
	if _, err := io.ReadFull(conn, order[:]); err != nil {
		return err
	}
	n := int64(binary.BigEndian.Uint64(order[1:]))
	if order[0] == sendBytes {
		return write(conn, n)
	}
	if _, err := io.CopyN(io.Discard, conn, n); err != nil {
		return err
	}
	return write(conn, 1)
}

var block [256 << 10]byte

func write(w io.Writer, n int64) error {
	for n > 0 {
		m, err := w.Write(block[:min(n, int64(len(block)))])
		if err != nil {
			return err
		}
		n -= int64(m)
	}
	return nil
}

// place is a site that runs, with the bridge to it.
type place struct {
	target       target
	bridge, site *child // bridge is nil for TCP and for a real router
}

// startPlace starts a site. With hold, no stream to it ever opens.
func startPlace(ctx context.Context, s *settings, stderr io.Writer, hold bool) (_ *place, err error) {
	p := new(place)
	defer func() {
		if err != nil {
			p.stop()
		}
	}()
	at := s.router
	if p.target.bridge = s.router; s.via == "tcp" {
		at = "tcp"
	} else if s.router == "" {
		how := ""
		if hold {
			how = "hold"
		}
		if p.bridge, err = startRole(ctx, stderr, "bridges", how); err != nil {
			return nil, err
		}
		p.target.bridge, at, _ = strings.Cut(p.bridge.says, " ")
	}
	if p.site, err = startRole(ctx, stderr, "site", at); err != nil {
		return nil, err
	}
	p.target.address = p.site.says
	return p, nil
}

func (p *place) stop() {
	for _, c := range []*child{p.site, p.bridge} {
		if c != nil {
			c.stop()
		}
	}
}
