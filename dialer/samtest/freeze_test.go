package samtest

import (
	"bufio"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestFreeze: nothing is answered, nothing ends, and all that was asked for is done afterwards.
func TestFreeze(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			a, u := two(t, nw, b)
			d, acc := pair(a, u)
			d.send("before\n")
			assert.Equal(t, "before", acc.line())
			side := open(t, b)
			b.Freeze()
			b.Freeze() // it already is
			d.send("meanwhile\n")
			acc.send("answer\n")
			side.send("NAMING LOOKUP NAME=nobody.i2p\n")
			late := dial(t, b)
			late.send("HELLO VERSION MIN=3.1 MAX=3.3\n")
			for _, s := range []*sock{a.sock, d, acc, side, late} {
				assert.True(t, s.silent(20*time.Second)) // others still want an answer to their PING
			}
			b.Thaw()
			b.Thaw()
			assert.Contains(t, late.line(), "HELLO REPLY RESULT=OK")
			assert.Contains(t, side.line(), "NAMING REPLY RESULT=")
			assert.Equal(t, "meanwhile", acc.line())
			assert.Equal(t, "answer", d.line())

			b.Freeze()
			a.nc.Close() // which it learns later
			synctest.Wait()
			assert.Len(t, b.Sessions(), 1)
			b.Thaw()
			require.NoError(t, b.WaitFor(t.Context(), func() bool { return len(b.Sessions()) == 0 }))
		})
	}
}

// TestFrozenPeer: what does not answer cannot be reached.
func TestFrozenPeer(t *testing.T) {
	bubble(t, Java, func(t *testing.T, nw *Network, b *Bridge) {
		a, u := two(t, nw, b)
		u.accept()
		u.waits(1)
		u.b.Freeze()
		began := time.Now()
		_, reply := a.connect(u.dest.Base32())
		assert.Equal(t, `STREAM STATUS RESULT=CANT_REACH_PEER MESSAGE="Connection timed out"`, reply)
		assert.Equal(t, time.Minute, time.Since(began))
		u.b.Thaw()
		_, reply = a.connect(u.dest.Base32())
		assert.Equal(t, "STREAM STATUS RESULT=OK", reply)
	})
}

// TestFrozenSenderIsHeldBack: with the buffers full a client's writes block, in memory and over TCP.
func TestFrozenSenderIsHeldBack(t *testing.T) {
	nw := NewNetwork() // the zeroes are no lines
	defer nw.Close()
	b := nw.Start(nil)
	for network, connect := range map[string]func() (net.Conn, error){
		"mem": func() (net.Conn, error) { return b.Dial(t.Context()) },
		"tcp": func() (net.Conn, error) { return net.Dial("tcp", b.Addr()) },
	} {
		t.Run(network, func(t *testing.T) {
			nc, err := connect()
			require.NoError(t, err)
			defer nc.Close()
			s := &sock{t, nc, bufio.NewReader(nc)}
			assert.Contains(t, s.ask("HELLO VERSION MIN=3.1 MAX=3.3"), "RESULT=OK")
			b.Freeze()
			defer b.Thaw()
			nc.SetWriteDeadline(time.Now().Add(100 * time.Millisecond))
			for n := 0; err == nil; {
				var m int
				m, err = nc.Write(make([]byte, 1<<20))
				n += m
				require.Less(t, n, 256<<20)
			}
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		})
	}
}

func TestKillEndsFreeze(t *testing.T) {
	bubble(t, I2PD259, func(t *testing.T, nw *Network, b *Bridge) {
		a := create(t, b, "")
		b.Freeze()
		b.Kill()
		_, err := a.r.ReadByte()
		assert.ErrorIs(t, err, syscall.ECONNRESET)
		b.Freeze() // there is nothing to freeze
		require.NoError(t, b.Restart())
		create(t, b, a.key)
		b.Freeze() // and the network closes
	})
}

// TestCloseWhileFrozen: what a bridge closes, its clients see once it goes on.
func TestCloseWhileFrozen(t *testing.T) {
	bubble(t, Instant, func(t *testing.T, nw *Network, b *Bridge) {
		a := create(t, b, "")
		b.Freeze()
		require.True(t, b.CloseSession(a.id))
		assert.True(t, a.silent(time.Minute))
		b.Thaw()
		assert.Equal(t, "closed", a.hear())
	})
}
