package samtest

import (
	"bufio"
	"fmt"
	"net"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestForward runs in real time: the bridge dials a real listener.
func TestForward(t *testing.T) {
	for _, r := range []Router{Instant, I2PD259} {
		t.Run(r.String(), func(t *testing.T) {
			nw := NewNetwork()
			defer nw.Close()
			b := nw.Start(&Bridge{Router: r, BuildTime: -1})
			far := nw.Start(nil)
			a, u := create(t, far, ""), create(t, b, "")
			ln, err := net.Listen("tcp", "127.0.0.1:0")
			require.NoError(t, err)
			defer ln.Close()
			fw := open(t, b)
			require.Equal(t, "STREAM STATUS RESULT=OK", fw.ask(fmt.Sprintf("STREAM FORWARD ID=%s PORT=%d", u.id, ln.Addr().(*net.TCPAddr).Port)))

			d, reply := a.connect(u.dest.Base32())
			require.Equal(t, "STREAM STATUS RESULT=OK", reply)
			nc, err := ln.Accept()
			require.NoError(t, err)
			defer nc.Close()
			s := &sock{t, nc, bufio.NewReader(nc)}
			want := a.dest.Base64()
			if r == Instant {
				want += " FROM_PORT=0 TO_PORT=0"
			}
			assert.Equal(t, want, s.line())
			s.send("hello\n")
			assert.Equal(t, "hello", d.line())

			ln.Close() // now the target refuses
			d, reply = a.connect(u.dest.Base32())
			assert.Equal(t, "STREAM STATUS RESULT=OK", reply)
			assert.Equal(t, "<EOF>", d.line())
		})
	}
}

func TestForwardErrors(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			u := create(t, b, "")
			missing := `STREAM STATUS RESULT=I2P_ERROR MESSAGE="Forwarding failed : receiver port not specified"|closed`
			again := `STREAM STATUS RESULT=I2P_ERROR MESSAGE="Forwarding failed : a forwarding server is already defined for this destination"|closed`
			if b.f.i2pd {
				missing = `SESSION STATUS RESULT=I2P_ERROR MESSAGE="PORT is missing"|closed`
				again = `SESSION STATUS RESULT=I2P_ERROR MESSAGE="Already accepting"|closed`
			}
			say := func(line string) string {
				s := open(t, b)
				s.send(line + "\n")
				defer synctest.Wait()
				defer s.nc.Close()
				return s.hear()
			}
			assert.Equal(t, missing, say("STREAM FORWARD ID="+u.id))
			assert.Contains(t, say("STREAM FORWARD PORT=1 HOST=192.0.2.1 ID="+u.id), map[bool]string{true: "OK", false: "loopback only"}[r == I2PD245])
			fw := open(t, b)
			assert.Equal(t, "STREAM STATUS RESULT=OK", fw.ask("STREAM FORWARD PORT=1 ID="+u.id))
			assert.Equal(t, again, say("STREAM FORWARD PORT=1 ID="+u.id))
			acc := say("STREAM ACCEPT ID=" + u.id)
			if b.f.i2pd {
				assert.Equal(t, "STREAM STATUS RESULT=OK", acc)
			} else {
				assert.Equal(t, `STREAM STATUS RESULT=OK|STREAM STATUS RESULT=ALREADY_ACCEPTING MESSAGE="a forwarding server is already defined for this destination"|closed`, acc)
			}
		})
	}
}
