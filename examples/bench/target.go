package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/go-i2p/i2psocks/keys"
)

// target is where the site is: an address of TCP, or a host in I2P behind a SAM bridge. It is written "tcp ADDRESS" or
// "sam BRIDGE HOST".
type target struct{ bridge, address string }

func parseTarget(s string) (target, error) {
	switch f := strings.Fields(s); {
	case len(f) == 2 && f[0] == "tcp":
		return target{address: f[1]}, nil
	case len(f) == 3 && f[0] == "sam":
		return target{bridge: f[1], address: f[2]}, nil
	}
	return target{}, fmt.Errorf("no target: %q", s)
}

func (t target) String() string {
	if t.bridge == "" {
		return "tcp " + t.address
	}
	return "sam " + t.bridge + " " + t.address
}

// host is what a SOCKS client asks for.
func (t target) host() string {
	if t.bridge == "" {
		return "site.i2p"
	}
	return t.address
}

// open makes the least that is needed to dial the site: over SAM a session, which leave ends.
func (t target) open() (dial func() (net.Conn, error), leave func(), err error) {
	if t.bridge == "" {
		return func() (net.Conn, error) { return net.Dial("tcp", t.address) }, func() {}, nil
	}
	id, err := keys.Generate()
	if err != nil {
		return nil, nil, err
	}
	const hello = "HELLO VERSION MIN=3.1 MAX=3.3\n"
	name := "bare" + rand.Text()
	connect := "STREAM CONNECT ID=" + name + " SILENT=false DESTINATION=" + t.address + "\n"
	control, err := talk(t.bridge, hello, "SESSION CREATE STYLE=STREAM ID="+name+" SIGNATURE_TYPE=7 DESTINATION="+id.Reveal()+"\n")
	if err != nil {
		return nil, nil, err
	}
	return func() (net.Conn, error) { return talk(t.bridge, hello, connect) }, func() { control.Close() }, nil
}

// talk connects to a SAM bridge, sends lines and reads an answer to each.
func talk(bridge string, lines ...string) (net.Conn, error) {
	conn, err := net.Dial("tcp", bridge)
	if err != nil {
		return nil, err
	}
	var buf [4096]byte
	for _, line := range lines {
		var n int
		if _, err = io.WriteString(conn, line); err == nil {
			n, err = conn.Read(buf[:])
		}
		if err == nil && !bytes.Contains(buf[:n], []byte("RESULT=OK")) {
			err = fmt.Errorf("bridge: %s", buf[:n])
		}
		if err != nil {
			conn.Close()
			return nil, err
		}
	}
	return conn, nil
}
