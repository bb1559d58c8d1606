package samtest

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recorder is a TB that fails nothing.
type recorder struct {
	errors   []string
	cleanups []func()
}

func (r *recorder) Helper()          {}
func (r *recorder) Cleanup(f func()) { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Errorf(format string, args ...any) {
	r.errors = append(r.errors, fmt.Sprintf(format, args...))
}

func TestStrictFailsTheTest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r recorder
		nw := NewStrict(&r)
		s := open(t, nw.Start(nil))
		assert.Empty(t, r.errors)
		s.ask(`NAMING LOOKUP NAME="x"`)
		require.Len(t, r.errors, 1)
		assert.Equal(t, `samtest: conn 1: not a well-formed command: NAMING LOOKUP NAME="x"`, r.errors[0])
		assert.Equal(t, "samtest: "+nw.Violations()[0], r.errors[0])
		for _, f := range r.cleanups {
			f()
		}
		assert.Equal(t, "<EOF>", strings.Replace(s.line(), "read mem pipe:1->pipe:2: connection reset by peer", "EOF", 1))
	})
}

func TestStrictLines(t *testing.T) {
	for _, line := range []string{
		"NAMING LOOKUP NAME=site.i2p", "NAMING LOOKUP NAME=ME", "DEST GENERATE SIGNATURE_TYPE=7", "QUIT", "PING abc", "PONG",
	} {
		assert.True(t, wellFormed(line), line)
	}
	for _, line := range []string{
		`NAMING LOOKUP NAME="x"`, "NAMING LOOKUP NAME=", "NAMING LOOKUP  NAME=x", "NAMING LOOKUP NAME=x ", " NAMING LOOKUP", "NAMING LOOKUP NAME",
		"NAMING LOOKUP NAME=x\r", "NAMING LOOKUP NAME=x NAME=x", "NAMING", "", `NAMING LOOKUP NAME=a\b`, "NAMING LOOKUP NAME=\xc3\xa9",
		"NAMING LOOKUP NAME=" + strings.Repeat("a", 7990),
	} {
		assert.False(t, wellFormed(line), line)
	}
}

func TestStrictSession(t *testing.T) {
	const good = "SESSION CREATE STYLE=STREAM ID=%s DESTINATION=TRANSIENT SIGNATURE_TYPE=7"
	for extra, bad := range map[string]bool{
		"": false, " i2cp.leaseSetEncType=4": false, " i2cp.leaseSetEncType=4,0": false, " i2cp.leaseSetEncType=6,4": false,
		" inbound.length=0 outbound.length=7 inbound.quantity=1 outbound.quantity=6": false,
		" inbound.nickname=x i2cp.dontPublishLeaseSet=true i2p.streaming.profile=1":  false,
		" i2cp.leaseSetEncType=6": true, " i2cp.leaseSetEncType=0": true, " i2cp.leaseSetEncType=foo": true,
		" i2cp.leaseSetEncType=5,4": false, " i2cp.leaseSetEncType=7,4": false, " i2cp.leaseSetEncType=5": true, " i2cp.leaseSetEncType=6,4,0": true,
		" i2cp.leaseSetType=5 i2cp.leaseSetAuthType=2 i2cp.leaseSetClient.psk.0=bQ==:hunter2 i2cp.leaseSetPrivKey=x": false,
		" i2cp.leaseSetType=7": true, " i2cp.leaseSetAuthType=3": true, " i2cp.leaseSetPrivateKey=x": true,
		" crypto.tagsToSend=40 i2p.streaming.maxConnsPerMinute=-1 i2p.streaming.enforceProtocol=true i2p.streaming.limitAction=drop": false,
		" crypto.tagsToSend=abc": true, " i2p.streaming.initialAckDelay=true": true, " i2p.streaming.maxWindowSize=9999999999": true,
		" i2cp.closeOnIdle=true": true, " i2cp.closeIdleTime=1": true, " i2p.streaming.connectDelay=1000": true, " i2p.streaming.answerPings=1": true,
		" inbound.length=3 inbound.lengthVariance=-2 outbound.length=1 outbound.lengthVariance=6 inbound.backupQuantity=6": false,
		" inbound.length=3 inbound.lengthVariance=-3": true, " inbound.length=3 inbound.lengthVariance=5": true, " inbound.length=5 inbound.lengthVariance=-3": true,
		" inbound.lengthVariance=1": true, " inbound.length=0 inbound.lengthVariance=1": true, " inbound.backupQuantity=7": true,
		" inbound.length=8": true, " inbound.length=-1": true, " outbound.length=x": true,
		" inbound.quantity=0": true, " inbound.quantity=7": true, " unknown.option=1": true, " latency.max=1": true, " CRYPTO_TYPE=4": true,
	} {
		bubble(t, Instant, func(t *testing.T, nw *Network, b *Bridge) {
			open(t, b).ask(fmt.Sprintf(good, newID()) + extra)
			assert.Equal(t, bad, len(nw.Violations()) > 0, "%s: %v", extra, nw.Violations())
		})
	}
	bubble(t, Instant, func(t *testing.T, nw *Network, b *Bridge) {
		expect := func(n int, part string) {
			t.Helper()
			require.Len(t, nw.Violations(), n)
			if n > 0 {
				assert.Contains(t, nw.Violations()[n-1], part)
			}
		}
		id := newID()
		s := open(t, b)
		s.ask(fmt.Sprintf(good, id))
		expect(0, "")
		s.nc.Close()
		synctest.Wait()
		s = open(t, b)
		s.ask(fmt.Sprintf(good, id))
		expect(1, "session ID used before")
		s.ask(fmt.Sprintf(good, newID()))
		expect(2, "second session on one connection")
		open(t, b).ask(fmt.Sprintf(good, "client-0000000000000000"))
		expect(2, "")
		open(t, b).ask(fmt.Sprintf(good, "mybot"))
		expect(3, "session ID can be guessed")
		s = dial(t, b)
		s.ask("HELLO VERSION MIN=3.1 MAX=3.1")
		s.ask(fmt.Sprintf(good, newID()) + " i2cp.leaseSetEncType=6,4")
		expect(4, "option i2cp.leaseSetEncType")
		s = open(t, b)
		s.send("NAMING LOOKUP ")
		synctest.Wait()
		s.ask("NAMING=x")
		expect(5, "line not in one write")
	})
	bubble(t, Java, func(t *testing.T, nw *Network, b *Bridge) {
		s := open(t, b)
		s.send(fmt.Sprintf(good, newID()) + "\n")
		synctest.Wait()
		s.ask("NAMING LOOKUP NAME=x")
		require.Len(t, nw.Violations(), 1)
		assert.Contains(t, nw.Violations()[0], "bytes sent before the reply")
	})
}

// TestNothingSecretIsShown looks for keys and passwords in all that can be printed.
func TestNothingSecretIsShown(t *testing.T) {
	for _, r := range allRouters {
		bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
			id, err := keys.Generate()
			require.NoError(t, err)
			key := id.Reveal()
			half := key[len(key)-300:]
			for _, line := range []string{
				"HELLO VERSION MIN=3.1 MAX=3.3 USER=me PASSWORD=hunter2",
				`HELLO VERSION PASSWORD="hun ter2"`,
				"SESSION CREATE STYLE=STREAM ID=x DESTINATION=" + key,
				`SESSION CREATE STYLE=STREAM ID=x DESTINATION="` + half + `"`,
				"SESSION CREATE STYLE=STREAM ID=y DESTINATION=TRANSIENT bad=" + key + " i2cp.leaseSetPrivKey=hunter2 i2cp.leaseSetClient.psk.0=a:hunter2",
				"NAMING LOOKUP NAME=" + key,
				half,
				"NAMING " + key[len(key)-60:] + " " + key[len(key)-50:] + "=" + half[:44],
			} {
				s := dial(t, b)
				if !strings.HasPrefix(line, "HELLO") {
					s = open(t, b)
				}
				s.ask(line)
			}
			time.Sleep(time.Minute)
			shown := fmt.Sprint(nw.Violations(), b.Commands(), b.Sessions())
			assert.NotContains(t, shown, "ter2")
			for i := 0; i+16 <= len(key); i++ {
				require.NotContains(t, shown, key[i:i+16])
			}
			assert.Contains(t, shown, key[:8]+"...(908)")
		})
	}
}

func TestObserve(t *testing.T) {
	bubble(t, Instant, func(t *testing.T, nw *Network, b *Bridge) {
		u := create(t, b, "")
		go func() {
			time.Sleep(time.Minute)
			u.accept()
		}()
		start := time.Now()
		u.waits(1)
		assert.Equal(t, time.Minute, time.Since(start))
		got := b.Sessions()
		require.Len(t, got, 1)
		assert.Equal(t, u.id, got[0].ID)
		assert.Equal(t, u.dest, got[0].Destination)
		assert.Equal(t, "2", got[0].Options["inbound.quantity"])
		assert.True(t, got[0].Ready)
		assert.Zero(t, got[0].Streams)

		a := create(t, b, "")
		_, reply := a.connect(u.dest.Base32())
		assert.Equal(t, "STREAM STATUS RESULT=OK", reply)
		require.NoError(t, b.WaitFor(t.Context(), func() bool { return b.Sessions()[0].Streams == 1 && b.Sessions()[1].Streams == 1 }))
		assert.Equal(t, 1, b.Count("SESSION CREATE")-1)
		assert.Equal(t, b.Count("STREAM"), b.Count("STREAM ACCEPT")+b.Count("STREAM CONNECT"))
		log := b.Commands()
		assert.Equal(t, Command{Time: start, Conn: 1, Name: "HELLO VERSION", Line: "HELLO VERSION MIN=3.1 MAX=3.3"}, log[0])
		assert.Equal(t, len(log), b.Stats().Commands)

		ctx, cancel := contextWithTimeout(t, time.Minute)
		defer cancel()
		assert.ErrorIs(t, b.WaitFor(ctx, func() bool { return false }), ctx.Err())
	})
}
