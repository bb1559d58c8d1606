package streamingsim

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pattern is the byte at a place of what the test sends.
func pattern(seed, at int) byte {
	x := uint32(seed)*2654435761 ^ uint32(at)
	return byte(x ^ x>>8 ^ x>>16*7)
}

// writer writes n bytes to a stream as it takes them, and then closes it for writing.
type writer struct {
	s        *streaming.Stream
	seed     int
	n, total int
	shut     bool
	err      error
}

func (w *writer) step() {
	buf := make([]byte, 8192)
	for w.n < w.total && w.err == nil {
		m := min(len(buf), w.total-w.n)
		for i := range m {
			buf[i] = pattern(w.seed, w.n+i)
		}
		k, err := w.s.Write(buf[:m])
		w.n += k
		w.err = err
		if k == 0 {
			return
		}
	}
	if w.n == w.total && !w.shut {
		w.shut = true
		w.s.CloseWrite()
	}
}

// reader reads and checks all that comes.
type reader struct {
	t    testing.TB
	s    *streaming.Stream
	seed int
	n    int
	err  error // what ended it
}

func (r *reader) step() {
	buf := make([]byte, 8192)
	for r.err == nil {
		k, err := r.s.Read(buf)
		for i := range k {
			if buf[i] != pattern(r.seed, r.n+i) {
				require.Fail(r.t, fmt.Sprintf("byte %d differs", r.n+i))
			}
		}
		r.n += k
		if err == streaming.ErrWouldBlock {
			return
		}
		r.err = err
	}
}

// both writes and reads.
type both struct {
	w writer
	r reader
}

func (b *both) step() { b.r.step(); b.w.step() }

func own(t testing.TB, s *streaming.Stream, writeSeed, readSeed, total int) *both {
	b := &both{w: writer{s: s, seed: writeSeed, total: total}, r: reader{t: t, s: s, seed: readSeed}}
	s.Owner = b
	return b
}

// serve lets a node accept streams and send and check bytes on each.
func serve(t testing.TB, d *Node, total int, opened func(*both)) {
	l, err := d.Engine.Listen(0)
	require.NoError(t, err)
	d.Changed = func(c streaming.Change) {
		if c.Listener != nil {
			for s := l.Accept(); s != nil; s = l.Accept() {
				b := own(t, s, 2, 1, total)
				if opened != nil {
					opened(b)
				}
				b.step()
			}
		}
		if c.Stream != nil && c.Stream.Owner != nil {
			c.Stream.Owner.(*both).step()
		}
	}
}

func steps(d *Node) {
	d.Changed = func(c streaming.Change) {
		if c.Stream != nil && c.Stream.Owner != nil {
			c.Stream.Owner.(*both).step()
		}
	}
}

func TestTransferBothWays(t *testing.T) {
	for _, path := range []Path{
		{},
		{Delay: 100 * time.Millisecond},
		{Delay: 100 * time.Millisecond, Loss: 0.05, Jitter: 30 * time.Millisecond},
		{Delay: 100 * time.Millisecond, Loss: 0.02, Duplicate: 0.1, Reorder: 0.1, ReorderBy: 150 * time.Millisecond},
		{Delay: 200 * time.Millisecond, Rate: 100 << 10, Queue: 50 << 10},
	} {
		t.Run(fmt.Sprintf("%+v", path), func(t *testing.T) {
			n := NewNetwork(NewWorld(1))
			a, b := n.NewNode(1, streaming.Config{}), n.NewNode(2, streaming.Config{})
			n.JoinBoth(a, b, path)
			const total = 1 << 20
			var server *both
			serve(t, b, total, func(x *both) { server = x })
			steps(a)
			s, err := a.Engine.Dial(b.Dest, 0, 80)
			require.NoError(t, err)
			client := own(t, s, 1, 2, total)
			client.step()
			a.Pump()
			ok := n.RunUntil(time.Hour, func() bool { return s.Ended() && server != nil && server.r.s.Ended() })
			t.Log(n.Elapsed(), client.r.n, client.r.err, a.Sent, b.Sent)
			require.True(t, ok)
			assert.Equal(t, total, client.r.n)
			assert.Equal(t, total, server.r.n)
			assert.Equal(t, io.EOF, client.r.err)
			assert.Equal(t, io.EOF, server.r.err)
			assert.NoError(t, s.Err())
			assert.Zero(t, a.Engine.Buffered()+b.Engine.Buffered())
		})
	}
}
