package samtest

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fates closes nothing and tells of each waiting ACCEPT, after a moment,
// whether it waits (w), was closed (C) or serves a stream (s).
func fates(accs []*sock) string {
	var b strings.Builder
	for _, a := range accs {
		a.nc.SetReadDeadline(time.Now().Add(time.Millisecond))
		line, err := a.r.ReadString('\n')
		switch {
		case err == nil && len(line) > 500:
			b.WriteByte('s')
		case strings.Contains(err.Error(), "timeout"):
			b.WriteByte('w')
		default:
			b.WriteByte('C')
		}
	}
	return b.String()
}

// accepts sends n ACCEPTs, gap apart.
func (u *user) accepts(n int, gap time.Duration) (accs []*sock) {
	for range n {
		accs = append(accs, u.accept())
		time.Sleep(gap)
		synctest.Wait()
	}
	return accs
}

// connects sends n CONNECTs to u and returns the replies.
func (u *user) connects(n int, to *user) (replies []string) {
	for range n {
		_, reply := u.connect(to.dest.Base32())
		replies = append(replies, strings.TrimPrefix(reply, "STREAM STATUS RESULT="))
		synctest.Wait()
	}
	return replies
}

// two returns two sessions on two bridges of a kind.
func two(t *testing.T, nw *Network, b *Bridge) (*user, *user) {
	return create(t, b, ""), create(t, nw.Start(&Bridge{Router: b.Router}), "")
}

func TestAcceptQueue(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			a, u := two(t, nw, b)
			burst := u.accepts(5, 0)
			want := "wwwww"
			if b.f.young {
				want = "wCCCw"
			}
			assert.Equal(t, want, fates(burst))
			a.connects(1, u)
			if b.f.young { // served, and the young one closed
				assert.Equal(t, "sC", fates([]*sock{burst[0], burst[4]}))
				return
			}
			a.connects(4, u)
			assert.Equal(t, "sssss", fates(burst))
		})
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			a, u := two(t, nw, b)
			slow := u.accepts(5, 3500*time.Millisecond)
			assert.Equal(t, "wwwww", fates(slow))
			for i := range 5 {
				a.connects(1, u)
				assert.Equal(t, "s"+strings.Repeat("w", 4-i), fates(slow[i:]))
				time.Sleep(time.Second)
			}
		})
	}
}

// TestAcceptStuck is what happens on new i2pd to connects that come at once:
// one is served, the others wait for a new ACCEPT that finds no active one.
func TestAcceptStuck(t *testing.T) {
	for _, r := range []Router{I2PD256, I2PD259} {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			a, u := two(t, nw, b)
			burst := u.accepts(5, 0)
			time.Sleep(4 * time.Second)
			assert.Equal(t, []string{"OK", "OK", "OK", "OK", "OK"}, a.connects(5, u))
			time.Sleep(300 * time.Millisecond)
			assert.Equal(t, "sw", fates([]*sock{burst[0], burst[4]}))
			more := u.accepts(3, 500*time.Millisecond)
			assert.Equal(t, "CCw", fates(more))
		})
	}
}

// TestActiveAcceptLeaves covers the queue of i2pd, and Java's abandoned ACCEPT.
func TestActiveAcceptLeaves(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			a, u := two(t, nw, b)
			accs := u.accepts(3, 4*time.Second)
			accs[0].nc.Close()
			synctest.Wait()
			d, reply := a.connect(u.dest.Base32())
			require.Equal(t, "STREAM STATUS RESULT=OK", reply)
			switch {
			case r == Java:
				assert.Equal(t, "closed", d.hear()) // swallowed
				assert.Equal(t, "ww", fates(accs[1:]))
			case r == Instant:
				time.Sleep(time.Second)
				assert.Equal(t, "sw", fates(accs[1:]))
			default:
				time.Sleep(time.Second)
				assert.NotContains(t, fates(accs[1:]), "s")
				assert.Equal(t, "s", fates(u.accepts(1, 0)))
			}
		})
	}
}

// TestNobodyAccepts: Java resets, i2pd says OK and ends the stream 10 s later.
func TestNobodyAccepts(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			a, u := two(t, nw, b)
			start := time.Now()
			d, reply := a.connect(u.dest.Base32())
			if !b.f.i2pd {
				assert.Equal(t, `STREAM STATUS RESULT=CANT_REACH_PEER MESSAGE="Connection reset"`, reply)
				assert.Zero(t, time.Since(start))
				return
			}
			assert.Equal(t, "STREAM STATUS RESULT=OK", reply)
			assert.Equal(t, "closed", d.hear())
			assert.Equal(t, 10*time.Second, time.Since(start))

			_, reply = a.connect(u.dest.Base32())
			require.Equal(t, "STREAM STATUS RESULT=OK", reply)
			d, _ = a.connect(u.dest.Base32())
			d.send("data")
			time.Sleep(time.Second)
			d.nc.Close()
			time.Sleep(8 * time.Second)
			accs := []*sock{u.accept(), u.accept()}
			accs[0].line()
			assert.Equal(t, a.dest.Base64(), accs[1].line())
			assert.Equal(t, "data", accs[1].rest())
		})
	}
}

// TestInstantWaits: between two ACCEPTs of a server a connect is not lost.
func TestInstantWaits(t *testing.T) {
	bubble(t, Instant, func(t *testing.T, nw *Network, b *Bridge) {
		a, u := two(t, nw, b)
		pair(a, u)
		go func() {
			time.Sleep(900 * time.Millisecond)
			u.accept()
		}()
		assert.Equal(t, []string{"OK"}, a.connects(1, u))
		start := time.Now()
		assert.Equal(t, []string{`CANT_REACH_PEER MESSAGE="Connection reset"`}, a.connects(1, u))
		assert.Equal(t, time.Second, time.Since(start))
	})
}

func TestPendingLimit(t *testing.T) {
	bubble(t, I2PD245, func(t *testing.T, nw *Network, b *Bridge) {
		a, u := two(t, nw, b)
		closed := 0
		for range 140 {
			d, reply := a.connect(u.dest.Base32())
			require.Equal(t, "STREAM STATUS RESULT=OK", reply)
			if fates([]*sock{d}) == "C" {
				closed++
			}
		}
		assert.Equal(t, 12, closed)
	})
}

func TestEarlyAccept(t *testing.T) {
	bubble(t, I2PD259, func(t *testing.T, nw *Network, b *Bridge) {
		a, id := create(t, b, ""), newID()
		s := open(t, b)
		s.send("SESSION CREATE STYLE=STREAM DESTINATION=TRANSIENT ID=" + id + "\n")
		synctest.Wait()
		acc := open(t, b)
		require.Equal(t, "STREAM STATUS RESULT=OK", acc.ask("STREAM ACCEPT ID="+id))
		require.Contains(t, s.line(), "RESULT=OK")
		_, own, _ := strings.Cut(s.ask("NAMING LOOKUP NAME=ME"), "VALUE=")
		a.connect(own)
		assert.Equal(t, a.dest.Base64(), acc.line())
	})
}

// TestControlCloses: i2pd and Instant end all waiting ACCEPTs, Java only one.
func TestControlCloses(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			u := create(t, b, "")
			accs := u.accepts(3, 4*time.Second)
			u.nc.Close()
			synctest.Wait()
			want := "CCC"
			if r == Java {
				want = "Cww"
			}
			assert.Equal(t, want, fates(accs))
			assert.Contains(t, open(t, b).ask("STREAM ACCEPT ID="+u.id), "INVALID_ID")
			assert.Empty(t, b.Sessions())
		})
	}
}

// TestMisuse: i2pd answers to STREAM commands with SESSION STATUS.
func TestMisuse(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			a, u := two(t, nw, b)
			want := `STREAM STATUS RESULT=I2P_ERROR MESSAGE="v3 control socket cannot be used for STREAM"|closed`
			if b.f.i2pd {
				want = `SESSION STATUS RESULT=I2P_ERROR MESSAGE="Socket already in use"|closed`
			}
			a.send("STREAM CONNECT ID=" + a.id + " DESTINATION=" + u.dest.Base32() + "\n")
			assert.Equal(t, want, a.hear())
			assert.Empty(t, b.Sessions()) // the session went with its socket

			acc := u.accept()
			acc.send("greeting\n")
			synctest.Wait()
			assert.NotEmpty(t, nw.Violations())
			if b.f.i2pd {
				assert.Equal(t, "C", fates([]*sock{acc}))
				return
			}
			d, _ := create(t, b, "").connect(u.dest.Base32())
			assert.Equal(t, "greeting", d.line()) // Java keeps it for the peer
		})
	}
}

func TestPorts(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			a, u := two(t, nw, b)
			for _, version := range []string{"3.1", "3.3"} {
				acc := dial(t, u.b)
				acc.ask("HELLO VERSION MIN=3.1 MAX=" + version)
				acc.ask("STREAM ACCEPT ID=" + u.id)
				u.waits(1)
				d := open(t, b)
				d.ask("STREAM CONNECT ID=" + a.id + " DESTINATION=" + u.dest.Base32() + " FROM_PORT=3 TO_PORT=4")
				want := a.dest.Base64()
				if version == "3.3" && !b.f.i2pd {
					want += " FROM_PORT=3 TO_PORT=4"
				}
				assert.Equal(t, want, acc.line())
				time.Sleep(4 * time.Second)
			}
		})
	}
}
