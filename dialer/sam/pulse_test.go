package sam

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// forever is more than any test waits.
const forever = 10_000 * time.Hour

// noticed is how long a silent router may go unnoticed.
const noticed = checkEvery + checkTimeout + 2*lookEvery

// hang makes a router take all that it is told and answer nothing, on new connections and on old ones.
func hang(b *samtest.Bridge) { b.Inject(samtest.Fault{Times: -1, Delay: forever}) }

// TestHangingRouter: a router that hangs and closes nothing is noticed, also by a session that only
// listens, and its session is made anew as soon as it can be.
func TestHangingRouter(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		site(t, server, banner)
		time.Sleep(time.Hour)
		require.Equal(t, dialer.Up, server.Status().State)
		hang(a)
		time.Sleep(noticed)
		assert.Equal(t, dialer.Down, server.Status().State)
		assert.ErrorIs(t, server.Status().Err, dialer.ErrRouterDown)
		a.ClearFaults()
		require.NoError(t, server.Up(t.Context()))
		synctest.Wait()
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		conn.Close()
	})
}

// cable is a connection whose cable can be pulled: nothing arrives any more, and nothing tells.
type cable struct {
	net.Conn
	pulled *atomic.Bool
}

func (c cable) Write(p []byte) (int, error) {
	if c.pulled.Load() {
		return len(p), nil
	}
	return c.Conn.Write(p)
}

func (c cable) Read(p []byte) (int, error) {
	for {
		n, err := c.Conn.Read(p)
		if err != nil || !c.pulled.Load() {
			return n, err
		}
	}
}

// TestHalfOpenConnection: a router whose end of the connection is gone without a word is noticed.
func TestHalfOpenConnection(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		pulled := new(atomic.Bool)
		s := session(t, a)
		s.DialBridge = func(ctx context.Context, _, _ string) (net.Conn, error) {
			conn, err := a.Dial(ctx)
			return cable{conn, pulled}, err
		}
		require.NoError(t, s.Up(t.Context()))
		pulled.Store(true)
		time.Sleep(noticed)
		assert.Equal(t, dialer.Down, s.Status().State)
		pulled.Store(false)
		assert.NoError(t, s.Up(t.Context()))
	})
}

// TestSuspend: when the machine wakes up, which shows in the time of day alone, the router is asked
// at once. One that is still there keeps its session.
func TestSuspend(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		var asleep atomic.Int64
		s := session(t, a)
		s.clock = func() time.Time { return time.Now().Add(time.Duration(asleep.Load())) }
		require.NoError(t, s.Up(t.Context()))
		time.Sleep(time.Second)
		since, asked := s.Status().Since, a.Count("NAMING LOOKUP")
		for _, d := range []time.Duration{8 * time.Hour, -time.Hour} { // or somebody set the clock
			asleep.Add(int64(d))
			time.Sleep(lookEvery)
			asked++
			assert.Equal(t, asked, a.Count("NAMING LOOKUP"))
		}
		assert.Equal(t, since, s.Status().Since)
		assert.Equal(t, dialer.Up, s.Status().State)

		hang(a)
		asleep.Add(int64(8 * time.Hour))
		time.Sleep(lookEvery + checkTimeout)
		assert.Equal(t, dialer.Down, s.Status().State)
	})
}

// TestChecksAreFew: a quiet session costs its router one question a minute, and one that gets lines
// anyway none.
func TestChecksAreFew(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		require.NoError(t, s.Up(t.Context()))
		conns, commands := a.Stats().Connections, a.Stats().Commands
		time.Sleep(time.Hour)
		assert.Equal(t, conns, a.Stats().Connections)
		assert.InDelta(t, 60, a.Stats().Commands-commands, 10)
		assert.Zero(t, a.Count("PONG"), "an idle Java I2P would have sent a PING")
	})
}

// TestJavaPings: PINGs are answered, word for word, and are a sign of life; the end of Java I2P's
// patience is the end of the session.
func TestJavaPings(t *testing.T) {
	onRouters(t, []samtest.Router{samtest.Java}, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		require.NoError(t, s.Up(t.Context()))
		since := s.Status().Since
		a.Inject(samtest.Fault{On: "NAMING LOOKUP", Raw: []byte("PING 1 a\n")})
		a.Inject(samtest.Fault{On: "NAMING LOOKUP", Raw: []byte("PING\n")})
		time.Sleep(3 * checkEvery)
		assert.Equal(t, since, s.Status().Since)
		var pongs []string
		for _, c := range a.Commands() {
			if strings.HasPrefix(c.Line, "PONG") {
				pongs = append(pongs, c.Line)
			}
		}
		assert.Equal(t, []string{"PONG 1 a", "PONG"}, pongs)

		a.Inject(samtest.Fault{On: "NAMING LOOKUP", Raw: []byte("SESSION STATUS RESULT=I2P_ERROR MESSAGE=\"PONG timeout\"\n")})
		time.Sleep(checkEvery + lookEvery)
		assert.ErrorContains(t, s.Status().Err, "PONG timeout")
	})
}

// TestSpinning counts what an hour of trouble costs the router, whatever the trouble is, and that
// the session is back soon after it.
func TestSpinning(t *testing.T) {
	on := func(f samtest.Fault) func(*samtest.Bridge) {
		return func(b *samtest.Bridge) {
			f.Times = -1
			b.Inject(f)
			for _, s := range b.Sessions() {
				b.CloseSession(s.ID)
			}
		}
	}
	for name, trouble := range map[string]func(*samtest.Bridge){
		"down":                  (*samtest.Bridge).Kill,
		"hangs":                 hang,
		"hangs at HELLO":        on(samtest.Fault{On: "HELLO VERSION", Delay: forever}),
		"hangs at CREATE":       on(samtest.Fault{On: "SESSION CREATE", Delay: forever}),
		"hangs after CREATE":    on(samtest.Fault{On: "NAMING LOOKUP", Delay: forever}),
		"hangs at ACCEPT":       on(samtest.Fault{On: "STREAM ACCEPT", Delay: forever}),
		"refuses":               on(samtest.Fault{On: "SESSION CREATE", Result: "I2P_ERROR", Message: "no"}),
		"refuses HELLO":         on(samtest.Fault{On: "HELLO VERSION", Result: "NOVERSION"}),
		"refuses the key":       on(samtest.Fault{On: "SESSION CREATE", Result: "INVALID_KEY"}),
		"has the identity":      on(samtest.Fault{On: "SESSION CREATE", Result: "DUPLICATED_DEST"}),
		"has the ID":            on(samtest.Fault{On: "SESSION CREATE", Result: "DUPLICATED_ID"}),
		"closes after HELLO":    on(samtest.Fault{On: "HELLO VERSION", CloseAfter: samtest.AfterReply}),
		"closes after CREATE":   on(samtest.Fault{On: "SESSION CREATE", CloseAfter: samtest.AfterReply}),
		"dies at once":          on(samtest.Fault{On: "NAMING LOOKUP", CloseAfter: samtest.AfterReply}),
		"forgets at ACCEPT":     on(samtest.Fault{On: "STREAM ACCEPT", Result: "INVALID_ID"}),
		"refuses ACCEPTs":       on(samtest.Fault{On: "STREAM ACCEPT", Result: "I2P_ERROR"}),
		"closes ACCEPTs":        on(samtest.Fault{On: "STREAM ACCEPT", CloseAfter: samtest.AfterReply}),
		"sends garbage as peer": on(samtest.Fault{On: "STREAM ACCEPTED", Raw: []byte("x\n")}),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
				var dials atomic.Int64
				s := session(t, a)
				s.DialBridge = func(ctx context.Context, _, _ string) (net.Conn, error) {
					dials.Add(1)
					return a.Dial(ctx)
				}
				site(t, s, banner)
				time.Sleep(2 * time.Minute)
				accepts := i2pdAccepts
				if a.Router <= samtest.Java {
					accepts = javaAccepts
				}
				dials.Store(0)
				before := a.Stats().Commands
				trouble(a)
				time.Sleep(time.Hour)
				limit := 500
				if strings.Contains(name, "ACCEPT") {
					limit += 130 * accepts // each of those that wait tries twice a minute
				}
				assert.LessOrEqual(t, int(dials.Load()), limit)
				assert.LessOrEqual(t, a.Stats().Commands-before, 2*limit+60)
				a.ClearFaults()
				a.Restart()
				time.Sleep(createTimeout + 5*time.Minute)
				assert.Equal(t, dialer.Up, s.Status().State)
			})
		})
	}
}
