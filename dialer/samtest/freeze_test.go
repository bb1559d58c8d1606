package samtest

import (
	"bufio"
	"context"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// flood writes until nothing more is taken for a moment, and returns how much was.
func flood(nc net.Conn) (n int) {
	nc.SetWriteDeadline(time.Now().Add(time.Second))
	defer nc.SetWriteDeadline(time.Time{})
	for {
		m, err := nc.Write(make([]byte, 64<<10))
		n += m
		if err != nil || n > 64<<20 {
			return n
		}
	}
}

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

// TestLateAndLostReplies: to each command, carried out all the same.
func TestLateAndLostReplies(t *testing.T) {
	for on, line := range map[string]string{
		"HELLO VERSION":  "",
		"NAMING LOOKUP":  "NAMING LOOKUP NAME=nobody.i2p",
		"DEST GENERATE":  "DEST GENERATE SIGNATURE_TYPE=7",
		"PING":           "PING 1 2 3",
		"SESSION CREATE": "SESSION CREATE STYLE=PRIMARY ID=ID1 DESTINATION=TRANSIENT SIGNATURE_TYPE=7",
		"SESSION ADD":    "SESSION ADD STYLE=STREAM ID=ID2 FROM_PORT=0",
		"SESSION REMOVE": "SESSION REMOVE ID=ID2",
	} {
		for _, lost := range []bool{false, true} {
			bubble(t, Java, func(t *testing.T, nw *Network, b *Bridge) {
				fresh := strings.NewReplacer("ID1", newID(), "ID2", newID())
				s := dial(t, b)
				say := func(line string) string { return s.ask(fresh.Replace(line)) }
				hello := "HELLO VERSION MIN=3.1 MAX=3.3"
				if on != "HELLO VERSION" {
					say(hello)
				}
				if on == "SESSION ADD" || on == "SESSION REMOVE" {
					say("SESSION CREATE STYLE=PRIMARY ID=ID1 DESTINATION=TRANSIENT SIGNATURE_TYPE=7")
				}
				if on == "SESSION REMOVE" {
					say("SESSION ADD STYLE=STREAM ID=ID2 FROM_PORT=0")
				}
				f := Fault{On: on, Late: 12 * time.Second}
				if lost {
					f = Fault{On: on, CloseAfter: BeforeReply, Stall: true}
				}
				b.Inject(f)
				began := time.Now()
				s.send(fresh.Replace(orElse(line, hello)) + "\n")
				switch {
				case lost:
					assert.True(t, s.silent(time.Minute), on)
					assert.Equal(t, "PONG 9", s.ask("PING 9"), "the connection goes on")
				default:
					s.line()
					assert.Less(t, 12*time.Second-time.Nanosecond, time.Since(began), on)
					assert.Less(t, time.Since(began), 15*time.Second, on)
				}
				subs := 0
				for _, s := range b.Sessions() {
					assert.True(t, s.Ready)
					subs++
				}
				assert.Equal(t, map[string]int{"SESSION CREATE": 1, "SESSION ADD": 2, "SESSION REMOVE": 1}[on], subs, "%s was carried out", on)
				if lost {
					s.nc.SetWriteDeadline(time.Now())
				}
				nw.mu.Lock()
				nw.tb = nil // of the PRIMARY that ends with its subsession
				nw.mu.Unlock()
			})
		}
	}
}

// TestLateAndLostStreams: the status line of a stream, with data behind it.
func TestLateAndLostStreams(t *testing.T) {
	for _, r := range allRouters {
		for on, f := range map[string]Fault{
			"STREAM CONNECT":  {Late: 20 * time.Second},
			"STREAM ACCEPTED": {Late: 20 * time.Second},
			"lost":            {On: "STREAM CONNECT", CloseAfter: BeforeReply, Stall: true},
			"half":            {On: "STREAM ACCEPTED", CloseAfter: MidLine, Stall: true},
			"a byte":          {On: "STREAM ACCEPTED", CloseAfter: 1, Stall: true},
		} {
			bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
				a, u := two(t, nw, b)
				f.On = orElse(f.On, on)
				for _, b := range []*Bridge{a.b, u.b} {
					b.Inject(f)
				}
				acc := u.accept()
				u.waits(1)
				d := open(t, a.b)
				began := time.Now()
				d.send("STREAM CONNECT ID=" + a.id + " DESTINATION=" + u.dest.Base32() + "\n")
				faulty, fine := d, acc
				if f.On == "STREAM ACCEPTED" {
					faulty, fine = acc, d
				}
				assert.NotContains(t, fine.line(), "<")
				fine.send("data\n")
				if f.Late > 0 {
					assert.NotContains(t, faulty.line(), "<")
					assert.LessOrEqual(t, f.Late, time.Since(began))
					assert.Equal(t, "data", faulty.line())
					return
				}
				faulty.nc.SetReadDeadline(time.Now().Add(time.Hour))
				got, err := io.ReadAll(faulty.r)
				assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
				full := len(a.dest.Base64()) + 1
				if !b.f.i2pd {
					full += len(" FROM_PORT=0 TO_PORT=0")
				}
				assert.Len(t, got, map[string]int{"half": full / 2, "a byte": 1}[on])
			})
		}
	}
}

// TestDeaf: a client that goes on sending is held back, and still gets answers and data.
func TestDeaf(t *testing.T) {
	bubble(t, Java, func(t *testing.T, nw *Network, b *Bridge) {
		a, u := two(t, nw, b)
		a.b.Inject(Fault{On: "STREAM CONNECT", Deaf: true})
		d, acc := pair(a, u)
		n := flood(d.nc)
		assert.Less(t, n, 128<<10)
		acc.send("data\n")
		assert.Equal(t, "data", d.line())
		assert.True(t, acc.silent(time.Minute))
		d.nc.Close()
		assert.True(t, acc.silent(time.Minute), "nobody has noticed")
		b.Kill()
	})
}

// TestBoundedLog: a bridge can be used for as long as one likes.
func TestBoundedLog(t *testing.T) {
	nw := NewStrict(t)
	b := nw.Start(nil)
	nw.mu.Lock()
	for i := range maxLog + 5 {
		b.remember(Command{Conn: i, Name: "STREAM ACCEPT"})
	}
	b.remember(Command{Conn: -1, Name: "PING"})
	for i := range 2 * maxNames {
		b.remember(Command{Name: string(rune('a'+i%26)) + strings.Repeat("x", i)})
	}
	nw.mu.Unlock()
	assert.Equal(t, maxLog+5, b.Count("STREAM ACCEPT"))
	assert.Equal(t, maxLog+5, b.Count("STREAM"))
	assert.Equal(t, 1, b.Count("PING"))
	assert.Zero(t, b.Count("ACCEPT"))
	assert.Equal(t, maxLog+6+2*maxNames, b.Stats().Commands)
	log := b.Commands()
	assert.Len(t, log, maxLog)
	assert.Equal(t, 2*maxNames+6, log[0].Conn, "the newest are kept, in order")
	assert.Equal(t, maxLog+4, log[maxLog-2*maxNames-2].Conn)
	assert.Equal(t, -1, log[maxLog-2*maxNames-1].Conn)
	assert.LessOrEqual(t, len(b.counts), maxNames)
}

// TestExpiredDestinations: what nobody believes in any more is forgotten.
func TestExpiredDestinations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := NewStrict(t)
		b := nw.Start(nil)
		for range 3 {
			for range minSweep {
				create(t, b, "").nc.Close()
			}
			time.Sleep(leaseTime + time.Minute)
		}
		nw.mu.Lock()
		assert.LessOrEqual(t, len(nw.netDB), minSweep+1)
		nw.mu.Unlock()
		nw.Close()
	})
}

// TestThief: it passes for a router until one looks who it is.
func TestThief(t *testing.T) {
	nw := NewStrict(t)
	b := nw.Start(nil)
	addr := b.Addr()
	b.Kill()
	thief := &Thief{Addr: addr}
	require.NoError(t, thief.Start())
	defer thief.Close()
	assert.ErrorIs(t, b.Restart(), syscall.EADDRINUSE)
	nc, err := new(net.Dialer).DialContext(context.Background(), "tcp", addr)
	require.NoError(t, err)
	defer nc.Close()
	s := &sock{t, nc, bufio.NewReader(nc)}
	assert.Equal(t, "HELLO REPLY RESULT=OK VERSION=3.1", s.ask("HELLO VERSION MIN=3.1 MAX=3.3"))
	key := strings.Repeat("Secret", 100)
	s.send("SESSION CREATE STYLE=STREAM DESTINATION=" + key)
	s.nc.(*net.TCPConn).CloseWrite()
	assert.Empty(t, s.rest())
	assert.True(t, thief.Got(key))
	assert.False(t, thief.Got("Other"))
	assert.Equal(t, 1, thief.Connections())
	lines := thief.Lines()
	require.Len(t, lines, 2)
	assert.Equal(t, "HELLO VERSION MIN=3.1 MAX=3.3", lines[0])
	assert.NotContains(t, lines[1], key)
	require.NoError(t, thief.Close())
	require.NoError(t, thief.Close())
	require.NoError(t, b.Restart())
	assert.Error(t, (&Thief{Addr: addr}).Start())
}
