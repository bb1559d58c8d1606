package streamingsim

import (
	"encoding/binary"
	"fmt"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/stretchr/testify/require"
)

// restarted notes that the node of a side has forgotten everything.
func (x *side) restarted(n *Node) {
	if x != nil && x.n == n && !x.over() {
		x.err = errRestarted
	}
}

// step reads and writes what can be.
func (x *side) step() {
	if x.err == errRestarted || !x.s.Opened() && !x.s.Ended() {
		return
	}
	x.read()
	if x.p != nil {
		x.write()
	}
}

func (x *side) read() {
	buf := make([]byte, 4096)
	for x.err == nil {
		if x.p == nil && !x.readHeader() {
			return
		}
		n, err := x.s.Read(buf)
		for i := range n {
			if buf[i] != pattern(3-x.seed, x.in+i) {
				require.Fail(x.y.t, fmt.Sprintf("byte %d differs", x.in+i))
			}
		}
		x.in += n
		switch {
		case err == streaming.ErrWouldBlock:
			return
		case err != nil:
			x.ended(err)
			return
		case x.slow:
			x.y.net.After(200*time.Millisecond, func() { x.step(); x.n.Pump() })
			return
		}
	}
}

// readHeader learns which plan the stream is of.
func (x *side) readHeader() bool {
	need := 4 - len(x.header)
	b := make([]byte, need)
	n, err := x.s.Read(b)
	x.header = append(x.header, b[:n]...)
	if err != nil && err != streaming.ErrWouldBlock {
		x.ended(err)
		return false
	}
	if len(x.header) < 4 {
		return false
	}
	x.p = x.y.byNum[binary.BigEndian.Uint32(x.header)]
	require.NotNil(x.y.t, x.p)
	x.p.server = x
	x.total = x.p.down
	x.header = nil
	return true
}

// ended follows the end of reading: a server closes when it has the peer's EOF and has written all.
func (x *side) ended(err error) {
	x.err = err
	if x.p == nil || x.s.Err() != nil {
		x.s.Close()
		return
	}
	x.write()
	if x.shut {
		x.s.Close()
	}
}

func (x *side) write() {
	if len(x.header) > 0 && x.seed == 1 {
		n, err := x.s.Write(x.header)
		if err != nil {
			return
		}
		x.header = x.header[n:]
	}
	buf := make([]byte, 4096)
	for x.out < x.total && len(x.header) == 0 {
		n := min(len(buf), x.total-x.out)
		for i := range n {
			buf[i] = pattern(x.seed, x.out+i)
		}
		n, err := x.s.Write(buf[:n])
		x.out += n
		if err != nil {
			x.s.Close()
			return
		}
		if n == 0 {
			return
		}
	}
	if x.out == x.total && !x.shut {
		x.shut = true
		x.finish()
	}
}

// finish ends as the plan says; the server goes on reading.
func (x *side) finish() {
	switch {
	case x.seed == 2 || x.p.end == "shut":
		x.s.CloseWrite()
	case x.p.end == "close":
		x.s.Close()
		x.err = streaming.ErrClosed
	default:
		x.s.Reset()
		x.err = streaming.ErrClosed
	}
	if x.err != nil {
		x.s.Close()
	}
}
