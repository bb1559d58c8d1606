package samtest

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var allRouters = []Router{Instant, Java, I2PD245, I2PD256, I2PD259}

// bubble runs f on a lenient network with one bridge, in fake time.
func bubble(t *testing.T, r Router, f func(t *testing.T, nw *Network, b *Bridge)) {
	t.Run(r.String(), func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			nw := NewNetwork()
			t.Cleanup(nw.Close)
			f(t, nw, nw.Start(&Bridge{Router: r}))
		})
	})
}

// hear returns all that comes within two minutes, with "closed" behind it if
// the connection was ended, or "silence".
func (s *sock) hear() string {
	var heard []string
	s.nc.SetReadDeadline(time.Now().Add(2 * time.Minute))
	for {
		line, err := s.r.ReadString('\n')
		if line != "" {
			heard = append(heard, strings.TrimSuffix(line, "\n"))
		}
		switch {
		case err == nil:
			continue
		case !strings.Contains(err.Error(), "timeout"):
			heard = append(heard, "closed")
		case heard == nil:
			heard = []string{"silence"}
		}
		return strings.Join(heard, "|")
	}
}

func TestHello(t *testing.T) {
	ok := func(v string) string { return "HELLO REPLY RESULT=OK VERSION=" + v }
	const no = "HELLO REPLY RESULT=NOVERSION|closed"
	start := `HELLO REPLY RESULT=I2P_ERROR MESSAGE="Must start with HELLO VERSION"|closed`
	for _, tc := range []struct{ sent, java, old, new string }{
		{"HELLO VERSION\n", ok("3.3"), ok("3.1"), ok("3.0")},
		{"HELLO VERSION MIN=3.0 MAX=3.1\n", ok("3.1"), ok("3.1"), ok("3.1")},
		{"HELLO VERSION MIN=3.0 MAX=3.2\n", ok("3.2"), ok("3.0"), ok("3.2")},
		{"HELLO VERSION MIN=3.0 MAX=3.3\n", ok("3.3"), ok("3.0"), ok("3.3")},
		{"HELLO VERSION MIN=3.1 MAX=3.3\n", ok("3.3"), ok("3.1"), ok("3.3")},
		{"HELLO VERSION MAX=3.3\n", ok("3.3"), ok("3.0"), ok("3.3")},
		{"HELLO VERSION MIN=3.3\n", ok("3.3"), ok("3.1"), ok("3.3")},
		{"HELLO VERSION MIN=3.2 MAX=3.3\n", ok("3.3"), no, ok("3.3")},
		{"HELLO VERSION MIN=3.0 MAX=3.4\n", ok("3.3"), ok("3.0"), ok("3.0")},
		{"HELLO VERSION MIN=3 MAX=3\n", ok("3.0"), no, ok("0.3")},
		{"HELLO VERSION MIN=1.0 MAX=2.0\n", ok("2.0"), no, ok("2.0")},
		{"HELLO VERSION MIN=4.0 MAX=5.0\n", no, no, no},
		{"HELLO VERSION MIN=abc MAX=def\n", no, no, no},
		{"HELLO VERSION MIN=3.4 MAX=3.9\n", no, no, no},
		{"HELLO VERSION MIN=\"3.1\" MAX=\"3.1\"\n", ok("3.1"), no, ok("3.1")},
		{"HELLO VERSION MIN=3.1 MIN=3.1\n", `HELLO REPLY RESULT=I2P_ERROR MESSAGE="Duplicate parameter MIN"|closed`, ok("3.1"), ok("3.1")},
		{"HELLO VERSION MIN=3.1 MAX=3.3\r\n", ok("3.3"), ok("3.1"), ok("3.3")},
		{"HELLO  VERSION MIN=3.1 MAX=3.3\n", ok("3.3"), "closed", "closed"},
		{"hello version MIN=3.1 MAX=3.3\n", ok("3.3"), "closed", "closed"},
		{"HELLO VERSION MIN=3.1 MAX=3.3", `HELLO REPLY RESULT=I2P_ERROR MESSAGE="Timeout waiting for HELLO VERSION"|closed`, ok("3.1"), ok("3.3")},
		{"GET / HTTP/1.1\n", start, "closed", "closed"},
		{"\n", start, "closed", "closed"},
		{"NAMING LOOKUP NAME=ME\n", start, "closed", "closed"},
		{"", `HELLO REPLY RESULT=I2P_ERROR MESSAGE="Timeout waiting for HELLO VERSION"|closed`, "silence", "silence"},
	} {
		t.Run(fmt.Sprintf("%q", tc.sent), func(t *testing.T) {
			for r, want := range map[Router]string{Instant: tc.java, Java: tc.java, I2PD245: tc.old, I2PD256: tc.old, I2PD259: tc.new} {
				bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
					s := dial(t, b)
					if tc.sent != "" {
						s.send(tc.sent)
					}
					got := s.hear()
					if i := strings.Index(got, "|SESSION STATUS"); i >= 0 { // the end of the idle time
						got = got[:i]
					}
					assert.Equal(t, want, got)
				})
			}
		})
	}
}

// TestHelloSegments shows that i2pd takes one read for the handshake.
func TestHelloSegments(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			s := dial(t, b)
			s.send("HELLO VERSION MIN=3.1")
			synctest.Wait()
			s.send(" MAX=3.3\n")
			want := "HELLO REPLY RESULT=OK VERSION=3.3"
			if b.f.i2pd { // the first half is answered, the second is no command
				want = "HELLO REPLY RESULT=OK VERSION=3.1|closed"
			}
			assert.Equal(t, want, strings.Split(s.hear(), "|SESSION STATUS")[0])

			s = dial(t, b)
			s.send("HELLO VERSION MIN=3.1 MAX=3.3\nNAMING LOOKUP NAME=a.i2p\n")
			s.line()
			if b.f.i2pd {
				assert.Equal(t, "NAMING REPLY RESULT=INVALID_KEY NAME=b.i2p", s.ask("NAMING LOOKUP NAME=b.i2p"))
			} else {
				assert.Equal(t, "NAMING REPLY RESULT=KEY_NOT_FOUND NAME=a.i2p", s.line())
			}
			assert.NotEmpty(t, nw.Violations())
		})
	}
}

// TestLines says one line on a fresh connection.
func TestLines(t *testing.T) {
	status := func(head, message string) string { return head + ` RESULT=I2P_ERROR MESSAGE="` + message + `"` }
	full := strings.Repeat("A", 520)
	for _, tc := range []struct{ sent, java, i2pd string }{
		{"\r", "silence", "closed"},
		{"FOO", status("FOO STATUS", "command not specified"), "closed"},
		{"FOO BAR", "closed", "closed"},
		{"STREAM", status("STREAM STATUS", "command not specified"), "closed"},
		{"QUIT", "QUIT STATUS RESULT=OK MESSAGE=bye|closed", "closed"},
		{"PING", "PONG", "closed"},
		{"NAMING LOOKUP NAME=ME", "closed", "*"},
		{"NAMING LOOKUP", `NAMING REPLY RESULT=KEY_NOT_FOUND NAME="" MESSAGE="Must specify NAME"`, "NAMING REPLY RESULT=INVALID_KEY NAME="},
		{"NAMING LOOKUP NAME=", "NAMING REPLY RESULT=KEY_NOT_FOUND NAME=true", "NAMING REPLY RESULT=INVALID_KEY NAME="},
		{"NAMING LOOKUP NAME=no.i2p", "NAMING REPLY RESULT=KEY_NOT_FOUND NAME=no.i2p", "NAMING REPLY RESULT=INVALID_KEY NAME=no.i2p"},
		{`NAMING LOOKUP NAME="a b.i2p"`, "NAMING REPLY RESULT=KEY_NOT_FOUND NAME=a b.i2p", `NAMING REPLY RESULT=INVALID_KEY NAME="a`},
		{`NAMING LOOKUP NAME="a`, status("SESSION STATUS", "Unterminated quote") + "|closed", `NAMING REPLY RESULT=INVALID_KEY NAME="a`},
		{`NAMING LOOKUP NAME=a\`, status("SESSION STATUS", "Unterminated escape") + "|closed", `NAMING REPLY RESULT=INVALID_KEY NAME=a\`},
		{"NAMING LOOKUP NAME=a NAME=a", status("SESSION STATUS", "Duplicate parameter NAME") + "|closed", "NAMING REPLY RESULT=INVALID_KEY NAME=a"},
		{"naming lookup NAME=a", "NAMING REPLY RESULT=KEY_NOT_FOUND NAME=a", "closed"},
		{"NAMING LOOKUP NAME=" + full, "NAMING REPLY RESULT=KEY_NOT_FOUND NAME=" + full, "NAMING REPLY RESULT=INVALID_KEY NAME=" + full},
		{"SESSION ADD STYLE=STREAM ID=x", status("SESSION STATUS", "Not a PRIMARY session"), status("SESSION STATUS", "Wrong session type") + "|closed"},
		{"STREAM CONNECT ID=x DESTINATION=y", `STREAM STATUS RESULT=INVALID_ID MESSAGE="STREAM SESSION ID x does not exist"|closed`, "STREAM STATUS RESULT=INVALID_ID|closed"},
		{"STREAM ACCEPT ID=x", `STREAM STATUS RESULT=INVALID_ID MESSAGE="STREAM SESSION ID x does not exist"|closed`, "STREAM STATUS RESULT=INVALID_ID|closed"},
		{"STREAM ACCEPT", status("STREAM STATUS", "ID not specified") + "|closed", "STREAM STATUS RESULT=INVALID_ID|closed"},
		{"SESSION CREATE ID=x DESTINATION=TRANSIENT", status("SESSION STATUS", "No SESSION STYLE specified"), status("SESSION STATUS", "Unknown STYLE") + "|closed"},
		{"SESSION CREATE STYLE=OTHER ID=x DESTINATION=TRANSIENT", status("SESSION STATUS", "Unrecognized SESSION STYLE"), status("SESSION STATUS", "Unknown STYLE") + "|closed"},
		{"SESSION CREATE STYLE=DATAGRAM4 ID=x DESTINATION=TRANSIENT", status("SESSION STATUS", "Unrecognized SESSION STYLE"), status("SESSION STATUS", "Unknown STYLE") + "|closed"},
		{"SESSION CREATE STYLE=STREAM ID=x", status("SESSION STATUS", "DESTINATION not specified"), "SESSION STATUS RESULT=INVALID_KEY|closed"},
		{"SESSION CREATE STYLE=STREAM DESTINATION=TRANSIENT", status("SESSION STATUS", "ID not specified"), "SESSION STATUS RESULT=INVALID_ID|closed"},
		{"SESSION CREATE STYLE=STREAM ID=x DESTINATION=" + full, "SESSION STATUS RESULT=INVALID_KEY", "SESSION STATUS RESULT=INVALID_KEY|closed"},
		{"SESSION CREATE STYLE=STREAM ID=<x> DESTINATION=TRANSIENT", "*", "SESSION STATUS RESULT=INVALID_ID|closed"},
		{"SESSION CREATE STYLE=STREAM ID=x DESTINATION=TRANSIENT HOST=a.example", "*", status("SESSION STATUS", "Invalid IP Address in HOST") + "|closed"},
		{"SESSION CREATE STYLE=STREAM ID=x DESTINATION=TRANSIENT SIGNATURE_TYPE=foo", status("SESSION STATUS", "SIGNATURE_TYPE foo unsupported"), "*"},
		{"DEST GENERATE SIGNATURE_TYPE=7", "*", "*"},
		{"DEST FOO", "closed", "closed"},
	} {
		t.Run(fmt.Sprintf("%.60q", tc.sent), func(t *testing.T) {
			for _, r := range allRouters {
				bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
					want := tc.java
					if b.f.i2pd {
						want = tc.i2pd
					}
					s := open(t, b)
					s.send(tc.sent + "\n")
					got := s.hear()
					if want == "*" {
						assert.Regexp(t, `^(SESSION STATUS RESULT=OK DESTINATION|NAMING REPLY RESULT=OK NAME=ME VALUE|DEST REPLY PUB)=[A-Za-z0-9~=-]{516}`, got)
						return
					}
					assert.Equal(t, want, got)
				})
			}
		})
	}
}

// TestLongLine: i2pd never recovers from a line that is too long.
func TestLongLine(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			other, s := open(t, b), open(t, b)
			s.send("NAMING LOOKUP NAME=" + strings.Repeat("a", 9000) + "\n")
			if !b.f.i2pd {
				assert.Contains(t, s.hear(), "closed")
			} else {
				assert.Equal(t, "silence", s.hear())
				other.send("NAMING LOOKUP NAME=a.i2p\n")
				assert.Equal(t, r == I2PD245, other.hear() == "silence")
			}
			assert.Equal(t, 1, b.Stats().Overlong)
			assert.Len(t, nw.Violations(), 1)

			s = dial(t, nw.Start(&Bridge{Router: r}))
			s.send("HELLO VERSION MIN=3.1 MAX=3.3\n")
			s.line()
			s.send("NAMING LOOKUP NAME=" + strings.Repeat("a", 8000-20) + "\n")
			assert.Contains(t, s.hear(), "NAMING REPLY RESULT=")
		})
	}
}

// TestPing shows that Java pings, i2pd ends a connection that does.
func TestPing(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			s := open(t, b)
			s.send("PING a b\n")
			want := map[Router]string{I2PD245: "closed", I2PD256: "closed", I2PD259: "PONG a b|closed"}[r]
			assert.Equal(t, orElse(want, "PONG a b"), s.hear())
			if b.f.i2pd {
				assert.Len(t, nw.Violations(), 1)
				return
			}
			s = open(t, b)
			start := time.Now()
			ping := s.line()
			assert.Equal(t, pingGap, time.Since(start))
			assert.Regexp(t, `^PING \d+$`, ping)
			s.send("PONG" + strings.TrimPrefix(ping, "PING") + "\n")
			assert.Regexp(t, `^PING \d+$`, s.line())
			s.send("PONG something else\n")
			assert.Equal(t, `SESSION STATUS RESULT=I2P_ERROR MESSAGE="PONG timeout"`, s.line())
			assert.Equal(t, "<EOF>", s.line())
		})
	}
}

func TestIdle(t *testing.T) {
	bubble(t, Java, func(t *testing.T, nw *Network, b *Bridge) {
		s := dial(t, b)
		s.ask("HELLO VERSION MIN=3.1 MAX=3.1")
		assert.Equal(t, `SESSION STATUS RESULT=I2P_ERROR MESSAGE="command timeout, bye"|closed`, s.hear())

		s = dial(t, b)
		s.ask("HELLO VERSION MIN=3.1 MAX=3.1")
		require.Contains(t, s.ask("SESSION CREATE STYLE=STREAM ID="+newID()+" DESTINATION=TRANSIENT"), "RESULT=OK")
		assert.Equal(t, "silence", s.hear())
	})
	bubble(t, I2PD259, func(t *testing.T, nw *Network, b *Bridge) {
		assert.Equal(t, "silence", dial(t, b).hear())
		assert.Equal(t, "silence", open(t, b).hear())
	})
}

// TestEmptyLine: no client sends one.
func TestEmptyLine(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			open(t, b).send("\n")
			synctest.Wait()
			assert.Contains(t, fmt.Sprint(nw.Violations()), "empty line")
		})
	}
}

// TestCrash: some values take the whole router down.
func TestCrash(t *testing.T) {
	session := "SESSION CREATE STYLE=STREAM ID=x DESTINATION=TRANSIENT "
	for line, routers := range map[string][]Router{
		session + "SIGNATURE_TYPE=8":                          {I2PD245, I2PD256, I2PD259},
		session + "SIGNATURE_TYPE=7 inbound.length=9":         {I2PD245, I2PD256, I2PD259},
		session + "SIGNATURE_TYPE=7 i2cp.leaseSetEncType=6,4": {I2PD245, I2PD256},
		session + "SIGNATURE_TYPE=7 i2cp.leaseSetEncType=99":  {I2PD245, I2PD256, I2PD259},
		"DEST GENERATE SIGNATURE_TYPE=99":                     {I2PD259},
	} {
		t.Run(line, func(t *testing.T) {
			for _, r := range allRouters {
				bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
					s := open(t, b)
					s.send(line + "\n")
					got := s.hear()
					crashed := false
					for _, bad := range routers {
						crashed = crashed || bad == r
					}
					assert.Equal(t, crashed, got == "closed", got)
					_, err := b.Dial(context.Background())
					assert.Equal(t, crashed, err != nil)
					assert.Equal(t, crashed, b.Stats().Crashes == 1)
					assert.Equal(t, crashed, strings.Contains(fmt.Sprint(nw.Violations()), "crashes "+r.String()))
				})
			}
		})
	}
}
