package main

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// garbleWithin is where bytes from a router may be changed: in "HELLO REPLY RESULT=OK VERSION=3.1\n" and up to the end of
// the line in "STREAM STATUS RESULT=OK\n" behind it. What comes later are bytes of a peer, which SAM does not protect.
const garbleWithin = len("HELLO REPLY RESULT=OK VERSION=3.1\n") + len("STREAM STATUS RESULT=OK")

// wires are the connections to routers. While they break, some are slow, cut or garbled.
type wires struct {
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	report *report

	mu     sync.Mutex
	broken bool
	chance *rand.Rand
}

// storm begins and ends the time in which connections are made that will break.
func (w *wires) storm(on bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = on
}

func (w *wires) dialBridge(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := w.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.broken || w.chance.IntN(8) > 0 {
		return conn, nil
	}
	bad := &wire{Conn: conn, cut: -1, garble: -1}
	switch w.chance.IntN(3) {
	case 0:
		w.report.broke("connection cut")
		bad.cut = w.chance.Int64N(1 << w.chance.IntN(18))
	case 1:
		w.report.broke("connection slow")
		bad.pause, bad.piece = between(w.chance, 0, 200*time.Millisecond), 1+w.chance.IntN(4096)
	default:
		w.report.broke("answer corrupted")
		bad.garble, bad.with = w.chance.IntN(garbleWithin), byte(1+w.chance.IntN(255))
	}
	return bad, nil
}

// wire is a connection to a router that breaks.
type wire struct {
	net.Conn
	cut    int64         // after so many bytes from the router; negative is never
	pause  time.Duration // before each read
	piece  int           // the most that a read brings
	garble int           // the byte that is changed; negative is none
	with   byte
	read   int64
}

func (w *wire) Read(p []byte) (int, error) {
	if w.piece > 0 && len(p) > 0 {
		time.Sleep(w.pause / 8)
		p = p[:min(len(p), w.piece)]
	}
	if w.cut >= 0 {
		if w.read >= w.cut {
			w.Conn.Close()
			return w.Conn.Read(p)
		}
		p = p[:min(int64(len(p)), w.cut-w.read)]
	}
	n, err := w.Conn.Read(p)
	if at := int64(w.garble) - w.read; w.garble >= 0 && at >= 0 && at < int64(n) {
		p[at] ^= w.with
	}
	w.read += int64(n)
	return n, err
}

// CloseWrite is that of the connection, if it has one.
func (w *wire) CloseWrite() error {
	if c, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return w.Conn.Close()
}
