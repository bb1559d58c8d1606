package main

import (
	"context"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// through sends a text one way through a wire, and returns what arrives, in which pieces, and when the first came.
func through(t *testing.T, text string, in, out way) (got string, pieces int, first time.Duration) {
	begin := time.Now()
	ours, theirs := net.Pipe()
	bad := &wire{Conn: ours, in: in, out: out}
	from, to := io.ReadWriteCloser(theirs), io.ReadWriteCloser(bad)
	if out == sound {
		from, to = bad, theirs
	}
	go func() {
		io.WriteString(to, text)
		to.Close()
	}()
	var all strings.Builder
	buf := make([]byte, 2000)
	for {
		n, err := from.Read(buf)
		if n > 0 && pieces == 0 {
			first = time.Since(begin)
		}
		if n > 0 {
			pieces++
		}
		all.Write(buf[:n])
		if err != nil {
			from.Close()
			return all.String(), pieces, first
		}
	}
}

// TestWiresBreak: all that a wire does, it does where and when it was told to, in either direction.
func TestWiresBreak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		text := strings.Repeat("0123456789", 100)
		cut, slow, late, garbled := sound, sound, sound, sound
		cut.cut = 123
		slow.piece, slow.pause = 7, time.Second
		late.hold = time.Minute
		garbled.garble, garbled.with = 56, '6'^'7'
		for _, in := range []bool{true, false} {
			pass := func(w way) (string, int, time.Duration) {
				if in {
					return through(t, text, w, sound)
				}
				return through(t, text, sound, w)
			}
			got, _, _ := pass(cut)
			assert.Equal(t, text[:123], got)
			got, pieces, first := pass(slow)
			assert.Equal(t, text, got)
			assert.Equal(t, 143, pieces)
			assert.Equal(t, time.Second, first)
			got, _, first = pass(late)
			assert.Equal(t, text, got)
			assert.Equal(t, time.Minute, first)
			got, _, _ = pass(garbled)
			assert.Equal(t, text[:56]+"7"+text[57:], got)
		}
	})
}

// TestStormsBreakWires: and calms do not.
func TestStormsBreakWires(t *testing.T) {
	w := &wires{dial: func(context.Context, string, string) (net.Conn, error) { return &net.TCPConn{}, nil }, ranges: rangesSAM, odds: 6, report: quiet()}
	broken := func() (n int) {
		for range 200 {
			conn, err := w.dialRouter(t.Context(), "tcp", "")
			require.NoError(t, err)
			if _, ok := conn.(*wire); ok {
				n++
			}
		}
		return n
	}
	assert.Zero(t, broken())
	w.storm(1, true)
	assert.Positive(t, broken())
	w.calm()
	assert.Zero(t, broken())
	w.storm(1, false)
	assert.Zero(t, broken())
}
