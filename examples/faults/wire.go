package main

import (
	"context"
	"math/rand/v2"
	"net"
	"sync"
	"time"
)

// wires are the connections to routers. While they break, some are slow, late, cut or garbled.
type wires struct {
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	ranges ranges
	odds   int // one of so many connections breaks
	report *report

	mu     sync.Mutex
	broken bool
	chance *rand.Rand
}

// ranges are where bytes to and from a router may be changed. What comes later are bytes of a peer, which neither SAM nor
// I2CP protects, or a date that would be believed.
type ranges struct{ in, out int }

var (
	// The last byte is in "STREAM STATUS RESULT=OK\n" behind the answer to HELLO, and in the line of a command behind HELLO.
	rangesSAM  = ranges{len("HELLO REPLY RESULT=OK VERSION=3.1\nSTREAM STATUS RESULT=OK"), len("HELLO VERSION MIN=3.1 MAX=3.3\nSTREAM CONNECT ID=")}
	rangesI2CP = ranges{5, 6} // heads of SetDate, and of GetDate behind the first byte
)

// storm begins the time in which connections are made that will break: what happens to those that do is up to the seed.
func (w *wires) storm(seed uint64, broken bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken, w.chance = broken, rand.New(rand.NewPCG(seed, 1))
}

// calm ends it.
func (w *wires) calm() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.broken = false
}

func (w *wires) dialRouter(ctx context.Context, network, address string) (net.Conn, error) {
	conn, err := w.dial(ctx, network, address)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.broken || w.chance.IntN(w.odds) > 0 {
		return conn, nil
	}
	what, bad := w.ranges.draw(w.chance)
	w.report.broke(what)
	bad.Conn = conn
	return bad, nil
}

func (r ranges) draw(chance *rand.Rand) (what string, w *wire) {
	w = &wire{in: sound, out: sound}
	switch chance.IntN(7) {
	case 0:
		w.in.cut = chance.Int64N(1 << chance.IntN(18))
		return "connection cut", w
	case 1:
		w.out.cut = 1 + chance.Int64N(1<<chance.IntN(8))
		return "command cut", w
	case 2:
		w.in.pause, w.in.piece = between(chance, 0, 25*time.Millisecond), 1+chance.IntN(4096)
		return "connection slow", w
	case 3:
		w.out.pause, w.out.piece = between(chance, 0, 100*time.Millisecond), 1+chance.IntN(64)
		return "command in pieces", w
	case 4:
		w.in.hold = between(chance, 0, 2*time.Second)
		return "answers behind those of later connections", w
	case 5:
		w.in.garble, w.in.with = chance.IntN(r.in), byte(1+chance.IntN(255))
		return "answer corrupted", w
	default:
		w.out.garble, w.out.with = chance.IntN(r.out), byte(1+chance.IntN(255))
		return "command corrupted", w
	}
}

// wire is a connection to a router that breaks.
type wire struct {
	net.Conn
	in, out way // from and to the router
}

// way is what happens to bytes that go one way.
type way struct {
	hold   time.Duration // before the first
	pause  time.Duration // before each piece
	piece  int           // the most that goes at once; 0 is all
	pieces int           // how many pieces there are before all else goes at once
	cut    int64         // the connection ends after so many; negative is never
	garble int           // the byte that is changed; negative is none
	with   byte
	passed int64
}

var sound = way{cut: -1, garble: -1, pieces: 200}

// next waits, and says how many of n bytes go now.
func (w *way) next(n int) int {
	if w.passed == 0 {
		time.Sleep(w.hold)
	}
	if w.piece > 0 && w.pieces > 0 {
		w.pieces--
		time.Sleep(w.pause)
		n = min(n, w.piece)
	}
	if w.cut >= 0 {
		n = int(min(int64(n), w.cut-w.passed))
	}
	return n
}

// pass changes what it has to in bytes that pass.
func (w *way) pass(p []byte) {
	if at := int64(w.garble) - w.passed; w.garble >= 0 && at >= 0 && at < int64(len(p)) {
		p[at] ^= w.with
	}
	w.passed += int64(len(p))
}

func (w *wire) Read(p []byte) (int, error) {
	n := w.in.next(len(p))
	if n == 0 && len(p) > 0 {
		w.Conn.Close()
	} else {
		p = p[:n]
	}
	n, err := w.Conn.Read(p)
	w.in.pass(p[:n])
	return n, err
}

func (w *wire) Write(p []byte) (written int, err error) {
	for written < len(p) {
		n := w.out.next(len(p) - written)
		if n == 0 {
			w.Conn.Close()
			n = 1 // for the error
		}
		piece := append([]byte(nil), p[written:written+n]...)
		w.out.pass(piece)
		n, err = w.Conn.Write(piece)
		if written += n; err != nil {
			return written, err
		}
	}
	return written, nil
}

// CloseWrite is that of the connection, if it has one.
func (w *wire) CloseWrite() error {
	if c, ok := w.Conn.(interface{ CloseWrite() error }); ok {
		return c.CloseWrite()
	}
	return w.Conn.Close()
}
