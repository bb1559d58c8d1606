package samtest

import (
	"io"
	"net"
	"os"
	"strings"
	"testing"
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

// TestLateAccept: the ACCEPT waits from the start, whenever that is said, and if it never is.
func TestLateAccept(t *testing.T) {
	for _, r := range allRouters {
		for name, f := range map[string]Fault{
			"late": {On: "STREAM ACCEPT", Late: 5 * time.Second},
			"lost": {On: "STREAM ACCEPT", CloseAfter: BeforeReply, Stall: true},
		} {
			bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
				a, u := two(t, nw, b)
				u.b.Inject(f)
				acc := open(t, u.b)
				began := time.Now()
				acc.send("STREAM ACCEPT ID=" + u.id + "\n")
				u.waits(1)
				_, reply := a.connect(u.dest.Base32())
				require.Equal(t, "STREAM STATUS RESULT=OK", reply, name)
				if name == "late" {
					assert.Equal(t, "STREAM STATUS RESULT=OK", acc.line())
					assert.LessOrEqual(t, f.Late, time.Since(began))
				}
				assert.Contains(t, acc.line(), a.dest.Base64(), name)
			})
		}
	}
}
