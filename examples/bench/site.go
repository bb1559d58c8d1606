package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// What a client asks the site for, in one byte; behind it follow how many bytes, in eight.
const (
	sendBytes    = 'd'
	receiveBytes = 'u'
)

// serveSite is the site, and by SAM also the bridge to it. It prints where it is: "tcp ADDRESS" or "sam BRIDGE HOST:PORT".
func serveSite(ctx context.Context, via string, stdout io.Writer) error {
	var l net.Listener
	var err error
	if via == "tcp" {
		if l, err = net.Listen("tcp", "127.0.0.1:0"); err == nil {
			fmt.Fprintf(stdout, "tcp %s\n", l.Addr())
		}
	} else {
		network := samtest.NewNetwork()
		defer network.Close()
		bridge := network.Start(nil)
		bridge.Inject(samtest.Fault{On: "STREAM CONNECT", Times: -1, Hold: -1}) // answer at once
		ep := &i2psocks.Endpoint{SAM: network.Start(nil).Addr()}
		defer ep.Close()
		if l, err = ep.Listen(ctx, "tcp", ":80"); err == nil {
			fmt.Fprintf(stdout, "sam %s %s:80\n", bridge.Addr(), ep.Addr().Host)
		}
	}
	if err != nil {
		return err
	}
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
