package samtest

import (
	"bufio"
	"context"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestFaults(t *testing.T) {
	ask := "NAMING LOOKUP NAME=site.i2p"
	const notFound = "NAMING REPLY RESULT=KEY_NOT_FOUND NAME=site.i2p"
	half := notFound[:(len(notFound)+1)/2]
	for name, tc := range map[string]struct {
		f     Fault
		want  string // of the first command
		after time.Duration
	}{
		"delay":        {Fault{Delay: 5 * time.Second}, notFound, 5 * time.Second},
		"result":       {Fault{Result: "I2P_ERROR"}, "NAMING REPLY RESULT=I2P_ERROR NAME=site.i2p", 0},
		"message":      {Fault{Result: "I2P_ERROR", Message: "no luck"}, `NAMING REPLY RESULT=I2P_ERROR NAME=site.i2p MESSAGE="no luck"`, 0},
		"garbage":      {Fault{Raw: []byte("\x00\xff=\n")}, "\x00\xff=", 0},
		"split":        {Fault{Split: 1}, notFound, time.Duration(len(notFound)) * pieceGap},
		"before":       {Fault{CloseAfter: BeforeReply}, "<EOF>", 0},
		"middle":       {Fault{CloseAfter: MidLine}, half + "<EOF>", 0},
		"after":        {Fault{CloseAfter: AfterReply}, notFound, 0},
		"byte 3":       {Fault{CloseAfter: 3}, "NAM<EOF>", 0},
		"reset":        {Fault{CloseAfter: BeforeReply, Reset: true}, "<read mem pipe:1->pipe:2: connection reset by peer>", 0},
		"combination":  {Fault{Delay: time.Second, Result: "X", Split: 2, CloseAfter: 8}, "NAMING R<EOF>", time.Second + 3*pieceGap},
		"by verb":      {Fault{On: "NAMING", Result: "X"}, "NAMING REPLY RESULT=X NAME=site.i2p", 0},
		"by name":      {Fault{On: "NAMING LOOKUP", Result: "X"}, "NAMING REPLY RESULT=X NAME=site.i2p", 0},
		"not this one": {Fault{On: "STREAM", Result: "X"}, notFound, 0},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, Instant, func(t *testing.T, nw *Network, b *Bridge) {
				s := open(t, b)
				b.Inject(tc.f)
				start := time.Now()
				assert.Equal(t, tc.want, s.ask(ask))
				assert.Equal(t, tc.after, time.Since(start))
				if tc.f.CloseAfter != 0 {
					assert.NotContains(t, s.hear(), "silence")
					s = open(t, b)
				}
				assert.Equal(t, notFound, s.ask(ask)) // it was for one command
			})
		})
	}
}

func TestFaultTimes(t *testing.T) {
	bubble(t, Instant, func(t *testing.T, nw *Network, b *Bridge) {
		b.Inject(Fault{On: "NAMING", Times: 2, Result: "A"})
		b.Inject(Fault{On: "NAMING", Times: -1, Result: "B"})
		s := open(t, b)
		var got strings.Builder
		for range 5 {
			_, rest, _ := strings.Cut(s.ask("NAMING LOOKUP NAME=x"), "RESULT=")
			got.WriteString(rest[:1])
		}
		b.ClearFaults()
		assert.Contains(t, s.ask("NAMING LOOKUP NAME=x"), "KEY_NOT_FOUND")
		assert.Equal(t, "AABBB", got.String())
	})
}

func TestFaultyHello(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			b.Inject(Fault{On: "HELLO VERSION", Result: "NOVERSION"})
			s := dial(t, b)
			s.send("HELLO VERSION MIN=3.1 MAX=3.3\n")
			assert.Contains(t, []string{"HELLO REPLY RESULT=NOVERSION|closed", "HELLO REPLY RESULT=NOVERSION"}, s.hear())
			open(t, b)
		})
	}
}

func TestFaultEndless(t *testing.T) {
	bubble(t, Instant, func(t *testing.T, nw *Network, b *Bridge) {
		b.Inject(Fault{On: "HELLO", Endless: true})
		s := dial(t, b)
		s.send("HELLO VERSION\n")
		buf := make([]byte, 1<<20)
		for n := 0; n < len(buf); {
			m, err := s.nc.Read(buf[n:])
			require.NoError(t, err)
			n += m
		}
		assert.NotContains(t, string(buf), "\n")
	})
}

// TestFaultySession: refused ones leave nothing behind, lost replies a session that ends.
func TestFaultySession(t *testing.T) {
	bubble(t, Java, func(t *testing.T, nw *Network, b *Bridge) {
		line := "SESSION CREATE STYLE=STREAM ID=" + newID() + " DESTINATION=TRANSIENT SIGNATURE_TYPE=7"
		b.Inject(Fault{On: "SESSION CREATE", Result: "I2P_ERROR", Message: "Failed to build tunnels"})
		s := open(t, b)
		assert.Equal(t, `SESSION STATUS RESULT=I2P_ERROR MESSAGE="Failed to build tunnels"`, s.ask(line))
		assert.Empty(t, b.Sessions())
		b.Inject(Fault{On: "SESSION CREATE", CloseAfter: BeforeReply})
		assert.Equal(t, "<EOF>", s.ask(line))
		synctest.Wait()
		assert.Empty(t, b.Sessions())
		assert.Contains(t, open(t, b).ask(line), "RESULT=OK")
	})
}

// TestFaultyStream: after an OK, and on the line that names the peer.
func TestFaultyStream(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			a := create(t, b, "")
			u := create(t, nw.Start(&Bridge{Router: r}), "")
			b.Inject(Fault{On: "STREAM CONNECT", CloseAfter: AfterReply})
			acc := u.accept()
			u.waits(1)
			d, reply := a.connect(u.dest.Base32())
			assert.Equal(t, "STREAM STATUS RESULT=OK", reply)
			assert.Equal(t, "closed", d.hear())
			assert.Equal(t, a.dest.Base64(), acc.line()[:524])
			assert.Equal(t, "closed", acc.hear())

			for _, f := range []Fault{
				{On: "STREAM ACCEPTED", CloseAfter: MidLine},
				{On: "STREAM ACCEPTED", Raw: []byte("junk\n")},
				{On: "STREAM ACCEPTED", Result: "I2P_ERROR", Message: "Session was closed"},
			} {
				time.Sleep(4 * time.Second)
				u.b.Inject(f)
				acc = u.accept()
				u.waits(1)
				a.connect(u.dest.Base32())
				time.Sleep(time.Second)
				got := acc.line()
				switch {
				case f.Raw != nil:
					assert.Equal(t, "junk", got)
				case f.Result != "":
					assert.Equal(t, `STREAM STATUS RESULT=I2P_ERROR MESSAGE="Session was closed"`, got)
				default:
					assert.True(t, strings.HasSuffix(got, "<EOF>"), got)
				}
				acc.nc.Close()
			}
		})
	}
}

func TestKillAndRestart(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			a, u := two(t, nw, b)
			d, acc := pair(a, u)
			pending := open(t, b)
			b.Kill()
			for _, s := range []*sock{a.sock, d, pending} {
				_, err := s.r.ReadByte()
				assert.ErrorIs(t, err, syscall.ECONNRESET)
			}
			_, err := b.Dial(context.Background())
			assert.ErrorIs(t, err, syscall.ECONNREFUSED)
			assert.Empty(t, b.Sessions())
			want := "silence"
			if r == Instant {
				want = "closed"
			}
			assert.Equal(t, want, acc.hear())

			require.NoError(t, b.Restart())
			again := create(t, b, a.key)
			time.Sleep(4 * time.Second)
			pair(again, u)
			require.NoError(t, b.Restart()) // a running one is killed first
			assert.Empty(t, b.Sessions())
		})
	}
}

func TestRestartTCP(t *testing.T) {
	nw := NewStrict(t)
	b := nw.Start(nil)
	nc, err := net.Dial("tcp", b.Addr())
	require.NoError(t, err)
	defer nc.Close()
	s := &sock{t, nc, bufio.NewReader(nc)}
	s.ask("HELLO VERSION MIN=3.1 MAX=3.3")
	b.Kill()
	_, err = s.r.ReadByte()
	assert.ErrorIs(t, err, syscall.ECONNRESET)
	_, err = net.Dial("tcp", b.Addr())
	assert.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.NoError(t, b.Restart())
	nc, err = net.Dial("tcp", b.Addr())
	require.NoError(t, err)
	nc.Close()
	assert.Panics(t, func() { nw.Start(b) })
	assert.Panics(t, func() { nw.Start(&Bridge{Router: 99}) })
	nw.Close()
	assert.ErrorIs(t, b.Restart(), net.ErrClosed)
	assert.Panics(t, func() { nw.Start(nil) })
}

func TestDropAndCloseSession(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			a, u := two(t, nw, b)
			assert.False(t, b.DropSession("none"))
			assert.False(t, b.CloseSession("none"))
			require.True(t, b.DropSession(a.id))
			assert.Contains(t, a.ask("NAMING LOOKUP NAME=ME"), "RESULT=OK")
			_, reply := a.connect(u.dest.Base32())
			assert.Contains(t, reply, "INVALID_ID")

			acc := u.accept()
			require.True(t, u.b.CloseSession(u.id))
			assert.Equal(t, "closed", u.hear())
			assert.Equal(t, "closed", acc.hear())
			assert.Empty(t, u.b.Sessions())
		})
	}
}
