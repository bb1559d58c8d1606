package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"time"
)

// What is measured. The last is no relay: clients speak SAM themselves, or TCP to the site.
const (
	ours     = "i2psocks"
	bare     = "bare"
	goSocks5 = "go-socks5"
	direct   = "direct"
)

var relayNames = []string{ours, bare, goSocks5, direct}

// roles are what this program can be.
var roles = map[string]func(ctx context.Context, target string, stdout io.Writer) error{
	"bridges": serveBridges, "site": serveSite, "ours": serveOurs, "bare": serveBare,
}

// relay is a way to the site that is measured.
type relay struct {
	name  string
	dial  func() (net.Conn, error) // to the site
	child *child                   // nil without a relay
	leave func()
	host  string
}

// startRelay starts a fresh relay to a target. It must be stopped.
func (b *bench) startRelay(ctx context.Context, name string, t target) (r *relay, err error) {
	r = &relay{name: name, host: t.host(), leave: func() {}}
	switch name {
	case direct:
		r.dial, r.leave, err = t.open()
		return r, err
	case ours:
		r.child, err = startRole(ctx, b.stderr, "ours", t.String(), "-profiles", b.profiles)
	case bare:
		r.child, err = startRole(ctx, b.stderr, "bare", t.String(), "-profiles", b.profiles)
	case goSocks5:
		r.child, err = start(ctx, b.stderr, b.goSocks5, "-target", t.String())
	}
	if err != nil {
		return nil, err
	}
	r.dial = func() (net.Conn, error) {
		conn, err := r.ask()
		if err == nil {
			err = succeeded(conn)
		}
		if err != nil && conn != nil {
			conn.Close()
		}
		return conn, err
	}
	return r, nil
}

func (r *relay) stop() {
	r.leave()
	if r.child != nil {
		r.child.stop()
	}
}

// ask connects to the relay and sends a request, whose answer is still to come.
func (r *relay) ask() (net.Conn, error) {
	conn, err := net.Dial("tcp", r.child.says)
	if err != nil {
		return nil, err
	}
	var method [2]byte
	if _, err = io.WriteString(conn, "\x05\x01\x00"); err == nil {
		_, err = io.ReadFull(conn, method[:])
	}
	if err == nil {
		_, err = io.WriteString(conn, "\x05\x01\x00\x03"+string(rune(len(r.host)))+r.host+"\x00\x50")
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// succeeded reads the answer to a request. Its address is one of IPv4.
func succeeded(conn net.Conn) error {
	var reply [10]byte
	_, err := io.ReadFull(conn, reply[:])
	if err == nil && reply[1] != 0 {
		err = fmt.Errorf("refused: % x", reply)
	}
	return err
}

// open opens a stream and gives the site an order.
func (r *relay) open(order byte, n int) (net.Conn, error) {
	conn, err := r.dial()
	if err != nil {
		return nil, err
	}
	if _, err := conn.Write(binary.BigEndian.AppendUint64([]byte{order}, uint64(n))); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// once opens a stream, reads one byte and closes it.
func (r *relay) once() (time.Duration, error) {
	began := time.Now()
	conn, err := r.open(sendBytes, 1)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	var b [1]byte
	_, err = io.ReadFull(conn, b[:])
	return time.Since(began), err
}

// worked opens a stream that has brought n bytes.
func (r *relay) worked(n int) (net.Conn, error) {
	conn, err := r.open(sendBytes, n)
	if err == nil {
		if err = discard(conn, n); err != nil {
			conn.Close()
		}
	}
	return conn, err
}
