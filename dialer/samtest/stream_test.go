package samtest

import (
	"bytes"
	"context"
	"io"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// pour writes n bytes in the background and closes after pause.
func (s *sock) pour(n int, pause time.Duration) {
	go func() {
		s.nc.Write(bytes.Repeat([]byte("x"), n))
		time.Sleep(pause)
		s.nc.Close()
	}()
}

// drink reads until the end, or until nothing comes for an hour.
func (s *sock) drink() (n int, ended bool) {
	buf := make([]byte, 32<<10)
	for {
		s.nc.SetReadDeadline(time.Now().Add(time.Hour))
		m, err := s.r.Read(buf)
		n += m
		if err != nil {
			return n, err == io.EOF
		}
	}
}

func TestConnectErrors(t *testing.T) {
	const nobody = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa.b32.i2p"
	type outcome struct {
		reply string
		after time.Duration
	}
	notFound := outcome{`CANT_REACH_PEER MESSAGE="LeaseSet not found"`, 1600 * time.Millisecond}
	timedOut := `CANT_REACH_PEER MESSAGE="Connection timed out"`
	stranger := "" // a destination that nobody has
	synctest.Test(t, func(t *testing.T) {
		nw := NewNetwork()
		stranger = create(t, nw.Start(nil), "").dest.Base64()
		nw.Close()
	})
	for name, want := range map[string]map[Router]outcome{
		nobody: {
			Instant: {`INVALID_KEY MESSAGE="Lease set not found: ` + nobody + `"`, 0},
			Java:    {`INVALID_KEY MESSAGE="Lease set not found: ` + nobody + `"`, 15 * time.Second},
			I2PD245: {"CANT_REACH_PEER", 0}, I2PD256: notFound, I2PD259: notFound,
		},
		stranger: {
			Instant: {timedOut, 0}, Java: {timedOut, time.Minute},
			I2PD245: {"CANT_REACH_PEER", 0}, I2PD256: notFound, I2PD259: notFound,
		},
		"nobody.i2p": {
			Instant: {`INVALID_KEY MESSAGE="Host name not found: nobody.i2p"`, 0},
			Java:    {`INVALID_KEY MESSAGE="Host name not found: nobody.i2p"`, 0},
			I2PD245: {"INVALID_KEY", 0}, I2PD256: {"INVALID_KEY", 0}, I2PD259: {"INVALID_KEY", 0},
		},
		"short.b32.i2p": {
			Instant: {`INVALID_KEY MESSAGE="Host name not found: short.b32.i2p"`, 0},
			Java:    {`INVALID_KEY MESSAGE="Host name not found: short.b32.i2p"`, 0},
			I2PD245: {"CANT_REACH_PEER", 0}, I2PD256: notFound, I2PD259: notFound,
		},
		"gone": { // closed a minute ago: its lease set is still believed
			Instant: {timedOut, 0}, Java: {timedOut, time.Minute},
			I2PD245: {"OK", 0}, I2PD256: {"OK", 0}, I2PD259: {"OK", 0},
		},
		"long gone": {
			Instant: {timedOut, 0}, Java: {timedOut, time.Minute},
			I2PD245: {"CANT_REACH_PEER", 0}, I2PD256: notFound, I2PD259: notFound,
		},
		"self": {
			Instant: {`CANT_REACH_PEER MESSAGE="Connection reset"`, 0},
			Java:    {`CANT_REACH_PEER MESSAGE="Connection reset"`, 0},
			I2PD245: {"OK", 0},
			I2PD256: {`CANT_REACH_PEER MESSAGE="Can't connect to myself"`, 0},
			I2PD259: {`CANT_REACH_PEER MESSAGE="Can't connect to myself"`, 0},
		},
	} {
		t.Run(name[:4], func(t *testing.T) {
			for r, want := range want {
				bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
					a, u := two(t, nw, b)
					to := name
					switch name {
					case "self":
						to = a.dest.Base32()
					case "gone", "long gone":
						to = u.dest.Base64()
						u.nc.Close()
						time.Sleep(time.Minute)
						if name == "long gone" {
							time.Sleep(leaseTime)
							a = create(t, b, "") // the old one answered no PING
						}
					}
					start := time.Now()
					_, reply := a.connect(to)
					assert.Equal(t, "STREAM STATUS RESULT="+want.reply, reply)
					assert.Equal(t, want.after, time.Since(start))
				})
			}
		})
	}
}

// TestHalfClose: on every router it ends both directions.
func TestHalfClose(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			d, acc := pair(two(t, nw, b))
			d.send("request\n")
			time.Sleep(time.Second)
			d.closeWrite()
			assert.Equal(t, "request", acc.line())
			assert.Equal(t, "<EOF>", acc.line())
			acc.nc.Write([]byte("response"))
			assert.Equal(t, "", d.rest())
		})
	}
}

func TestCloseDeliversAll(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			d, acc := pair(two(t, nw, b))
			acc.pour(1_000_000, 600*time.Millisecond)
			n, ended := d.drink()
			assert.Equal(t, 1_000_000, n)
			assert.True(t, ended)
			time.Sleep(2 * time.Second)
			_, err := d.nc.Write([]byte("x"))
			assert.ErrorIs(t, err, syscall.EPIPE)
			assert.Empty(t, nw.Violations())
		})
	}
}

// TestHastyClose: without a pause i2pd 2.59 loses the end of a large stream.
func TestHastyClose(t *testing.T) {
	for _, r := range allRouters {
		for size, lossy := range map[int]bool{30_000: false, 1_000_000: r == I2PD259} {
			bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
				d, acc := pair(two(t, nw, b))
				acc.pour(size, 0)
				n, ended := d.drink()
				assert.Equal(t, lossy, n < size, "%d", n)
				assert.LessOrEqual(t, size-lostTail, n)
				assert.Equal(t, !lossy, ended)
				assert.Equal(t, b.f.i2pd, len(nw.Violations()) > 0)
			})
		}
	}
}

// TestSlowReader: i2pd holds any amount for a reader that is slow, and
// throws it away when the peer closes.
func TestSlowReader(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			d, acc := pair(two(t, nw, b))
			const size = 5 << 20
			acc.pour(size, time.Second)
			time.Sleep(15 * time.Second)
			n, ended := d.drink()
			if b.f.i2pd {
				assert.Less(t, n, 1<<20)
				assert.False(t, ended)
				return
			}
			assert.Equal(t, size, n)
			assert.True(t, ended)
		})
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			d, acc := pair(two(t, nw, b))
			wrote := make(chan struct{})
			go func() {
				acc.nc.Write(make([]byte, 20<<20))
				close(wrote)
			}()
			time.Sleep(time.Minute)
			select {
			case <-wrote:
				assert.True(t, b.f.i2pd, "no back-pressure")
			default:
				assert.False(t, b.f.i2pd, "back-pressure")
			}
			d.nc.Close()
		})
	}
}

// TestSessionCloses: i2pd tells the peer nothing, and loses what is under way.
func TestSessionCloses(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			a, u := two(t, nw, b)
			d, acc := pair(a, u)
			a.nc.Close()
			assert.Equal(t, "closed", d.hear())
			if !b.f.i2pd {
				assert.Equal(t, "closed", acc.hear())
				return
			}
			assert.Equal(t, "silence", acc.hear())
			start := time.Now()
			acc.send("are you there?")
			_, ended := acc.drink()
			assert.True(t, ended)
			assert.Equal(t, deadStream, time.Since(start))
		})
		for pause, all := range map[time.Duration]bool{0: !r.flavour().i2pd, time.Second: true} {
			bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
				a, u := two(t, nw, b)
				d, acc := pair(a, u)
				d.nc.Write(make([]byte, 30_000))
				d.nc.Close()
				time.Sleep(pause)
				if pause == 0 {
					synctest.Wait()
				}
				a.nc.Close()
				n, ended := acc.drink()
				assert.Equal(t, all, n == 30_000, "%d", n)
				assert.Equal(t, all || r != I2PD245, ended)
			})
		}
	}
}

// TestPipelined: what follows the CONNECT line is replaced, kept or dropped.
func TestPipelined(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			a, u := two(t, nw, b)
			acc := u.accept()
			d := open(t, b)
			d.send("STREAM CONNECT ID=" + a.id + " DESTINATION=" + u.dest.Base32() + "\nearly")
			require.Equal(t, "STREAM STATUS RESULT=OK", d.line())
			acc.line()
			got := make([]byte, 5)
			_, err := io.ReadFull(acc.r, got)
			require.NoError(t, err)
			assert.Equal(t, !b.f.stale, string(got) == "early")
			assert.Contains(t, nw.Violations()[0], "bytes behind a line")
			d.send("later\n")
			assert.Equal(t, "later", acc.line())
		})
	}
}

// TestOneSegment: a server that speaks first is heard together with the status line.
func TestOneSegment(t *testing.T) {
	bubble(t, Instant, func(t *testing.T, nw *Network, b *Bridge) {
		a, u := two(t, nw, b)
		acc := u.accept()
		go func() {
			acc.line()
			acc.send("220 welcome\n")
		}()
		d := open(t, b)
		d.send("STREAM CONNECT ID=" + a.id + " DESTINATION=" + u.dest.Base32() + "\n")
		buf := make([]byte, 1000)
		n, err := d.nc.Read(buf)
		require.NoError(t, err)
		assert.Equal(t, "STREAM STATUS RESULT=OK\n220 welcome\n", string(buf[:n]))

		u.b.Inject(Fault{On: "STREAM ACCEPTED", Hold: time.Minute})
		acc = u.accept()
		u.waits(1)
		d, _ = a.connect(u.dest.Base32())
		d.send("EHLO\n")
		n, err = acc.nc.Read(buf)
		require.NoError(t, err)
		assert.Equal(t, a.dest.Base64()+" FROM_PORT=0 TO_PORT=0\nEHLO\n", string(buf[:n]))

		b.Inject(Fault{On: "STREAM CONNECT", Hold: -1})
		acc = u.accept()
		u.waits(1)
		start := time.Now()
		a.connect(u.dest.Base32())
		assert.Zero(t, time.Since(start))
	})
}

func TestSilent(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			a, u := two(t, nw, b)
			d := open(t, b)
			d.send("STREAM CONNECT SILENT=true ID=" + a.id + " DESTINATION=nobody.i2p\n")
			assert.Equal(t, "", d.rest())
			acc := open(t, u.b)
			acc.ask("STREAM ACCEPT SILENT=true ID=" + u.id)
			d = open(t, b)
			d.send("STREAM CONNECT SILENT=true ID=" + a.id + " DESTINATION=" + u.dest.Base32() + "\n")
			time.Sleep(time.Second)
			d.send("first\n")
			assert.Equal(t, "first", acc.line())
			acc.send("second\n")
			assert.Equal(t, "second", d.line())
		})
	}
}

// TestMixedRouters: each side behaves as its own router.
func TestMixedRouters(t *testing.T) {
	for _, near := range allRouters {
		for _, far := range allRouters {
			t.Run(near.String()+" to "+far.String(), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					nw := NewStrict(t)
					a, u := create(t, nw.Start(&Bridge{Router: near}), ""), create(t, nw.Start(&Bridge{Router: far}), "")
					d, acc := pair(a, u)
					d.send(strings.Repeat("a", 10_000) + "\n")
					assert.Len(t, acc.line(), 10_000)
					acc.pour(200_000, time.Second)
					n, ended := d.drink()
					assert.Equal(t, 200_000, n)
					assert.True(t, ended)

					start := time.Now()
					_, reply := a.connect(u.dest.Base32())
					assert.Equal(t, near.flavour().i2pd || far.flavour().i2pd, reply == "STREAM STATUS RESULT=OK", reply)
					assert.LessOrEqual(t, time.Since(start), time.Second)
				})
			})
		}
	}
}

func TestReset(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			d, acc := pair(two(t, nw, b))
			d.send("data")
			time.Sleep(time.Second)
			d.nc.(interface{ SetLinger(int) error }).SetLinger(0)
			d.nc.Close()
			assert.Equal(t, "data", acc.rest())
		})
	}
}

func TestPendingConnectIsGivenUp(t *testing.T) {
	bubble(t, Java, func(t *testing.T, nw *Network, b *Bridge) {
		a, u := two(t, nw, b)
		to := u.dest.Base64()
		u.nc.Close()
		synctest.Wait()
		d := open(t, b)
		d.send("STREAM CONNECT ID=" + a.id + " DESTINATION=" + to + "\n")
		synctest.Wait()
		d.nc.Close()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.NoError(t, b.WaitFor(ctx, func() bool { return b.Stats().Open == 1 }))
		assert.Contains(t, a.ask("NAMING LOOKUP NAME=ME"), a.dest.Base64())
	})
}
