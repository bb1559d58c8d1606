package samtest

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

var realRouters = []Router{Java, I2PD245, I2PD256, I2PD259}

// createStyle makes a session for datagrams; options start with a space.
func createStyle(t testing.TB, b *Bridge, style, options string) *user {
	t.Helper()
	u := &user{sock: open(t, b), b: b, id: newID()}
	reply := u.ask("SESSION CREATE STYLE=" + style + " ID=" + u.id + " DESTINATION=TRANSIENT SIGNATURE_TYPE=7" + goodOptions + options)
	key, ok := strings.CutPrefix(reply, "SESSION STATUS RESULT=OK DESTINATION=")
	require.True(t, ok, "%.80s", reply)
	id, err := keys.ParseIdentity(key)
	require.NoError(t, err)
	u.key, u.dest = key, id.Destination()
	return u
}

// control returns the options that keep datagrams on the control connection.
func control(r Router) string {
	if r.flavour().i2pd {
		return " PORT=7655"
	}
	return ""
}

// gramSend sends a datagram on the control connection, line and payload in one write.
func (u *user) gramSend(verb, to, payload, options string) {
	u.t.Helper()
	u.send(fmt.Sprintf("%s SEND DESTINATION=%s SIZE=%d%s\n%s", verb, to, len(payload), options, payload))
}

// payload reads what stands behind a line.
func (u *user) payload(n int) string {
	u.t.Helper()
	b := make([]byte, n)
	_, err := io.ReadFull(u.r, b)
	require.NoError(u.t, err)
	return string(b)
}

// warm has two users exchange a datagram, so that i2pd loses no more of them.
func warm(a, b *user, verb string) {
	a.t.Helper()
	for i, pair := range [][2]*user{{a, b}, {b, a}} {
		pair[0].gramSend(verb, pair[1].dest.Base64(), "x", "")
		if i == 0 && a.b.f.i2pd {
			require.True(a.t, b.silent(fetching), "the first one to a new peer is lost")
			pair[0].gramSend(verb, pair[1].dest.Base64(), "x", "")
		}
		pair[1].line()
		require.Equal(a.t, "x", pair[1].payload(1))
	}
}

func eachRouter(t *testing.T, routers []Router, f func(t *testing.T, nw *Network, a, b *Bridge)) {
	for _, r := range routers {
		t.Run(r.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				nw := NewNetwork()
				defer nw.Close()
				f(t, nw, nw.Start(&Bridge{Router: r}), nw.Start(&Bridge{Router: r}))
			})
		})
	}
}

func TestDatagramsOnControlConnection(t *testing.T) {
	ports := " FROM_PORT=0 TO_PORT=0"
	for r, form := range map[Router][2]string{
		Instant: {ports, " PROTOCOL=18" + ports}, Java: {ports, " PROTOCOL=18" + ports}, I2PD245: {}, I2PD256: {}, I2PD259: {ports, ""},
	} {
		eachRouter(t, []Router{r}, func(t *testing.T, nw *Network, one, two *Bridge) {
			a, b := createStyle(t, one, "DATAGRAM", control(r)), createStyle(t, two, "DATAGRAM", control(r))
			warm(a, b, "DATAGRAM")
			a.gramSend("DATAGRAM", b.dest.Base64(), "a\nb", "")
			assert.Equal(t, "DATAGRAM RECEIVED DESTINATION="+a.dest.Base64()+" SIZE=3"+form[0], b.line())
			assert.Equal(t, "a\nb", b.payload(3))

			c, d := createStyle(t, one, "RAW", control(r)), createStyle(t, two, "RAW", control(r))
			warm(c, d, "RAW")
			c.gramSend("RAW", d.dest.Base64(), "raw", "")
			assert.Equal(t, "RAW RECEIVED SIZE=3"+form[1], d.line())
			assert.Equal(t, "raw", d.payload(3))
			assert.Empty(t, nw.Violations())
		})
	}
}

func TestDatagramToAnotherStyle(t *testing.T) {
	eachRouter(t, realRouters, func(t *testing.T, nw *Network, one, two *Bridge) {
		a, b := createStyle(t, one, "DATAGRAM", control(one.Router)), createStyle(t, two, "RAW", control(one.Router))
		a.gramSend("DATAGRAM", b.dest.Base64(), "12345", "")
		time.Sleep(2 * time.Second)
		a.gramSend("DATAGRAM", b.dest.Base64(), "12345", "")
		if one.Router == Java {
			assert.Contains(t, b.line(), "RAW RECEIVED SIZE=460 ", "destination, signature and payload")
			return
		}
		assert.True(t, b.silent(time.Minute))
	})
}

func TestDatagramSizesOnControlConnection(t *testing.T) {
	for r, size := range map[Router]int{Java: 31744, I2PD245: 7500, I2PD256: 7500, I2PD259: 7600} {
		eachRouter(t, []Router{r}, func(t *testing.T, nw *Network, one, two *Bridge) {
			a, b := createStyle(t, one, "DATAGRAM", control(r)), createStyle(t, two, "DATAGRAM", control(r))
			warm(a, b, "DATAGRAM")
			a.gramSend("DATAGRAM", b.dest.Base64(), strings.Repeat("z", size), "")
			assert.Contains(t, b.line(), fmt.Sprintf("SIZE=%d", size))
			b.payload(size)
			assert.Empty(t, nw.Violations())
			over := 31745
			if r != Java {
				over = 7640 // its line makes it more than 8192 bytes
			}
			a.gramSend("DATAGRAM", b.dest.Base64(), strings.Repeat("z", over), "")
			if r == Java {
				assert.Equal(t, "<EOF>", a.line(), "the session is lost")
			} else {
				assert.True(t, a.silent(time.Minute), "wedged")
			}
			assert.NotEmpty(t, nw.Violations())
		})
	}
}

func TestDatagramSendViolations(t *testing.T) {
	eachRouter(t, realRouters, func(t *testing.T, nw *Network, one, two *Bridge) {
		b := createStyle(t, two, "DATAGRAM", control(one.Router))
		for _, bad := range []string{
			"DATAGRAM SEND DESTINATION=" + b.dest.Base64() + "\nabc",
			"DATAGRAM SEND DESTINATION=" + b.dest.Base64() + " SIZE=-1\nabc",
			"RAW SEND DESTINATION=" + b.dest.Base64() + " SIZE=3\nabc",
		} {
			before := len(nw.Violations())
			a := createStyle(t, one, "DATAGRAM", control(one.Router))
			a.send(bad)
			require.NoError(t, one.WaitFor(t.Context(), func() bool { return len(nw.Violations()) > before }))
			if one.Router == Java {
				assert.Equal(t, "<EOF>", a.line())
			} else {
				assert.True(t, a.silent(time.Minute))
			}
		}
		a := createStyle(t, one, "DATAGRAM", control(one.Router))
		before := len(nw.Violations())
		a.send("DATAGRAM SEND DESTINATION=" + b.dest.Base64() + " SIZE=3\n")
		time.Sleep(time.Second)
		a.send("abc")
		if one.Router == Java {
			assert.Contains(t, b.line(), "SIZE=3 ", "segments do not matter")
			assert.Len(t, nw.Violations(), before)
		} else {
			assert.True(t, b.silent(time.Minute))
			assert.Greater(t, len(nw.Violations()), before)
			a = createStyle(t, one, "DATAGRAM", control(one.Router))
			a.send("DATAGRAM SEND DESTINATION=" + b.dest.Base64() + " SIZE=3\nabcd")
			require.NoError(t, one.WaitFor(t.Context(), func() bool {
				return strings.Contains(fmt.Sprint(nw.Violations()), "SIZE is not that of the payload")
			}))
		}
	})
}

func TestDatagramBurstAndPace(t *testing.T) {
	eachRouter(t, realRouters, func(t *testing.T, nw *Network, one, two *Bridge) {
		a, b := createStyle(t, one, "DATAGRAM", control(one.Router)), createStyle(t, two, "DATAGRAM", control(one.Router))
		warm(a, b, "DATAGRAM")
		lost := one.Stats().Lost
		for range 200 {
			a.gramSend("DATAGRAM", b.dest.Base64(), "x", "")
			time.Sleep(5 * time.Millisecond)
			b.line()
			b.payload(1)
		}
		assert.Equal(t, lost, one.Stats().Lost)
		nw.mu.Lock()
		from := one.sessions[a.id]
		for range 200 {
			from.send(b.dest, from.outgoing([]byte("x"), request{}))
		}
		nw.mu.Unlock()
		assert.GreaterOrEqual(t, one.Stats().Lost-lost, 200-burst-1)
	})
}

func TestRawPacing(t *testing.T) {
	eachRouter(t, []Router{I2PD245, I2PD256, I2PD259}, func(t *testing.T, nw *Network, one, two *Bridge) {
		a, b := createStyle(t, one, "RAW", control(one.Router)), createStyle(t, two, "RAW", control(one.Router))
		a.gramSend("RAW", b.dest.Base64(), "first", "")
		time.Sleep(2 * time.Second)
		for gap, want := range map[time.Duration]int{500 * time.Millisecond: 20, 100 * time.Millisecond: 5, 10 * time.Millisecond: 1} {
			lost := one.Stats().Lost
			for range 20 {
				a.gramSend("RAW", b.dest.Base64(), "x", "")
				time.Sleep(gap)
			}
			assert.Equal(t, want, 20-(one.Stats().Lost-lost), gap)
			time.Sleep(time.Second)
		}
	})
}

func TestCreateWithoutPort(t *testing.T) {
	eachRouter(t, realRouters, func(t *testing.T, nw *Network, one, _ *Bridge) {
		a := open(t, one)
		a.send("SESSION CREATE STYLE=DATAGRAM ID=" + newID() + " DESTINATION=TRANSIENT SIGNATURE_TYPE=7" + goodOptions + "\n")
		if one.Router == I2PD256 {
			assert.True(t, a.silent(10*time.Minute))
		} else {
			assert.Contains(t, a.line(), "RESULT=OK")
		}
		assert.Equal(t, one.f.i2pd, len(nw.Violations()) > 0)
	})
}

// TestDatagramsOverUDP shows what each router forwards, and which headers it takes.
func TestDatagramsOverUDP(t *testing.T) {
	for _, r := range []Router{Instant, Java, I2PD245, I2PD256, I2PD259} {
		t.Run(r.String(), func(t *testing.T) {
			nw := NewNetwork()
			defer nw.Close()
			b := nw.Start(&Bridge{Router: r, BuildTime: -1})
			pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
			require.NoError(t, err)
			defer pc.Close()
			_, port, _ := net.SplitHostPort(pc.LocalAddr().String())
			forward := " HOST=127.0.0.1 PORT=" + port
			styles := map[string]string{"DATAGRAM": "dest", "RAW": ""}
			if r == I2PD259 {
				styles["DATAGRAM2"], styles["DATAGRAM3"] = "dest", "hash"
			}
			for style, sender := range styles {
				u := createStyle(t, b, style, forward+" HEADER=true")
				known(b, u) // skip the search for the peer
				udp, err := net.Dial("udp4", b.UDPAddr())
				require.NoError(t, err)
				full, ports := u.dest.Base64(), !b.f.i2pd
				try := func(header string) (got string) { // what comes before a mark that always comes
					for _, packet := range []string{header + "\npayload", "3.0 " + u.id + " " + full + "\nmark"} {
						_, err := udp.Write([]byte(packet))
						require.NoError(t, err)
					}
					for buf := make([]byte, 1<<16); ; {
						n, from, err := pc.ReadFrom(buf)
						require.NoError(t, err)
						assert.Equal(t, b.UDPAddr(), from.String())
						if bytes.HasSuffix(buf[:n], []byte("mark")) {
							return got
						}
						got += string(buf[:n])
					}
				}
				want := map[string]string{"dest": full, "": "", "hash": (&mailbox{style: "DATAGRAM3"}).sender(gram{from: u.dest})}[sender]
				form := func(from, to int) string {
					text := fmt.Sprintf("FROM_PORT=%d TO_PORT=%d\n", from, to)
					switch {
					case ports && style == "RAW":
						return "PROTOCOL=18 " + text + "payload"
					case ports:
						return want + " " + text + "payload"
					case style == "RAW":
						return "payload"
					}
					return want + "\npayload"
				}
				assert.Equal(t, form(0, 0), try("3.0 "+u.id+" "+full))
				old := b.f.i2pd && !b.f.modern
				for header, works := range map[string]bool{
					"3.0 " + u.id + " " + full + " FROM_PORT=5 TO_PORT=6": !old,
					"3.0 " + u.id + " " + u.dest.Base32():                 !old,
				} {
					if got := try(header); works {
						assert.Contains(t, got, "payload", header)
					} else {
						assert.Empty(t, got, header)
					}
				}
				assert.Empty(t, try("3.0 "+newID()+" "+full), "no such session")
				if !b.f.i2pd {
					assert.Equal(t, form(5, 6), try("3.0 "+u.id+" "+full+" FROM_PORT=5 TO_PORT=6"))
					assert.Empty(t, try("9.9 "+u.id+" "+full))
					assert.Empty(t, try("3.0 "+u.id+" "+full+" FROM_PORT=abc"))
				}
				udp.Close()
				u.nc.Close()
			}
		})
	}
}

// known lets a session know itself as a peer.
func known(b *Bridge, u *user) {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	p := b.sessions[u.id].mail.peer(u.dest)
	p.heard, p.since = true, time.Now().Add(-time.Hour)
}

// TestLargeDatagramsOverUDP: i2pd cuts, Java drops.
func TestLargeDatagramsOverUDP(t *testing.T) {
	for _, r := range realRouters {
		t.Run(r.String(), func(t *testing.T) {
			nw := NewNetwork()
			defer nw.Close()
			b := nw.Start(&Bridge{Router: r, BuildTime: -1})
			pc, err := net.ListenPacket("udp4", "127.0.0.1:0")
			require.NoError(t, err)
			defer pc.Close()
			_, port, _ := net.SplitHostPort(pc.LocalAddr().String())
			u := createStyle(t, b, "DATAGRAM", " HOST=127.0.0.1 PORT="+port)
			known(b, u)
			udp, err := net.Dial("udp4", b.UDPAddr())
			require.NoError(t, err)
			defer udp.Close()
			buf := make([]byte, 1<<16)
			head := "3.0 " + u.id + " " + u.dest.Base64() + "\n"
			for size, ok := range map[int]bool{31744: true, 33000: r != Java} {
				_, err = udp.Write([]byte(head + strings.Repeat("z", size)))
				require.NoError(t, err)
				if !ok {
					_, err = udp.Write([]byte(head + "mark"))
					require.NoError(t, err)
					size = len("mark")
				}
				n, _, err := pc.ReadFrom(buf)
				require.NoError(t, err)
				_, payload, _ := strings.Cut(string(buf[:n]), "\n")
				assert.Len(t, payload, min(size, maxUDP-len(head)))
			}
			assert.Equal(t, r != Java, len(nw.Violations()) > 0, "what is cut is a violation")
			_, err = udp.Write([]byte("nonsense\nx"))
			require.NoError(t, err)
			require.NoError(t, b.WaitFor(t.Context(), func() bool { return strings.Contains(fmt.Sprint(nw.Violations()), "malformed header") }))
			require.NoError(t, b.Restart())
			assert.Equal(t, udp.RemoteAddr().String(), b.UDPAddr())
		})
	}
}
