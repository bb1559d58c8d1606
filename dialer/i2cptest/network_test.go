package i2cptest_test

import (
	"io"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/keys"
)

var kinds = []i2cptest.Kind{i2cptest.Instant, i2cptest.Java, i2cptest.I2PD256, i2cptest.I2PD259}

// each runs a test for each kind of router in fake time.
func each(t *testing.T, f func(t *testing.T, kind i2cptest.Kind)) {
	for _, kind := range kinds {
		t.Run(kind.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) { f(t, kind) })
		})
	}
}

// network returns one that closes with the test. Violations are looked at by the test itself.
func network(t *testing.T) *i2cptest.Network {
	nw := i2cptest.NewNetwork()
	t.Cleanup(nw.Close)
	return nw
}

func TestSessionsReachEachOther(t *testing.T) {
	each(t, func(t *testing.T, kind i2cptest.Kind) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(&i2cptest.Router{Kind: kind})
		a, b := up(t, r), up(t, nw.Start(nil))
		synctest.Wait()
		b.message(a, "hello", 0)
		for {
			m, err := a.read()
			require.NoError(t, err)
			if m, ok := m.(i2cpwire.RequestVariableLeaseSet); ok { // of the second tunnel
				a.leaseSet(m)
				continue
			}
			_, data, err := i2cpwire.ParsePayload(m.(i2cpwire.MessagePayload).Payload)
			require.NoError(t, err)
			assert.Equal(t, "hello", string(data))
			break
		}
		sessions := r.Sessions()
		require.Len(t, sessions, 1)
		assert.Equal(t, a.id.Destination(), sessions[0].Destination)
		assert.True(t, sessions[0].Ready)
		assert.Equal(t, 1, r.Count("CreateSession"))
		a.conn.Close()
		require.NoError(t, nw.WaitFor(t.Context(), func() bool { return len(r.Sessions()) == 0 }))
	})
}

func TestSetDate(t *testing.T) {
	want := map[i2cptest.Kind]string{i2cptest.Instant: "0.9.68", i2cptest.Java: "0.9.65", i2cptest.I2PD256: "0.9.66", i2cptest.I2PD259: "0.9.68"}
	each(t, func(t *testing.T, kind i2cptest.Kind) {
		nw := i2cptest.NewStrict(t)
		m := dial(t, nw.Start(&i2cptest.Router{Kind: kind, ClockOffset: time.Hour})).hello()
		assert.Equal(t, want[kind], m.Version)
		assert.WithinDuration(t, time.Now().Add(time.Hour), m.Date, time.Second)
	})
}

func TestPassword(t *testing.T) {
	each(t, func(t *testing.T, kind i2cptest.Kind) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(&i2cptest.Router{Kind: kind, User: "me", Password: "right"})
		for _, o := range []i2cpwire.Mapping{nil, {"i2cp.username": "me", "i2cp.password": "wrong"}} {
			c := dial(t, r)
			c.send(i2cpwire.GetDate{Version: "0.9.66", Options: o})
			if kind != i2cptest.Java {
				next[i2cpwire.SetDate](c)
				continue
			}
			assert.Contains(t, next[i2cpwire.Disconnect](c).Reason, "Authorization")
			_, err := c.read()
			assert.Equal(t, io.EOF, err)
		}
		c := dial(t, r)
		c.send(i2cpwire.GetDate{Version: "0.9.66", Options: i2cpwire.Mapping{"i2cp.username": "me", "i2cp.password": "right"}})
		next[i2cpwire.SetDate](c)
	})
}

func TestCreateRefused(t *testing.T) {
	tests := []struct {
		name string
		with func(c *client) // sends CreateSession
		i2pd i2cpwire.SessionState
		java string
	}{
		{"bad signature", func(c *client) {
			config, err := i2cpwire.SignSessionConfig(c.id, options(), c.date)
			require.NoError(c.t, err)
			config.Signature[7] ^= 1
			c.send(i2cpwire.CreateSession{SessionConfig: config})
		}, i2cpwire.SessionInvalid, "signature"},
		{"malformed", func(c *client) { c.send(i2cpwire.Unknown{Kind: i2cpwire.TypeCreateSession, Body: []byte("x")}) },
			i2cpwire.SessionInvalid, "Invalid message"},
		{"old date", func(c *client) { c.date = c.date.Add(-200 * time.Second); c.create(options()) },
			i2cpwire.SessionCreated, "in the past"},
		{"date to come", func(c *client) { c.date = c.date.Add(200 * time.Second); c.create(options()) },
			i2cpwire.SessionCreated, "in the future"},
		{"ML-KEM", func(c *client) { o := options(); o["i2cp.leaseSetEncType"] = "6,4"; c.create(o) },
			i2cpwire.SessionCreated, "Unsupported crypto type: 6"},
		{"offline", func(c *client) {
			tr, err := keys.NewTransient(c.id, time.Now().Add(time.Hour))
			require.NoError(c.t, err)
			config, err := i2cpwire.SignSessionConfig(tr, options(), c.date)
			require.NoError(c.t, err)
			c.send(i2cpwire.CreateSession{SessionConfig: config})
		}, i2cpwire.SessionInvalid, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, kind i2cptest.Kind) {
				c := dial(t, network(t).Start(&i2cptest.Router{Kind: kind}))
				c.hello()
				tt.with(c)
				if kind == i2cptest.Java && tt.java != "" {
					assert.Contains(t, next[i2cpwire.Disconnect](c).Reason, tt.java)
					_, err := c.read()
					assert.Equal(t, io.EOF, err)
					return
				}
				want := tt.i2pd
				if kind == i2cptest.Java {
					want = i2cpwire.SessionCreated
				}
				assert.Equal(t, want, next[i2cpwire.SessionStatus](c).State)
			})
		})
	}
}

func TestSameDestination(t *testing.T) {
	each(t, func(t *testing.T, kind i2cptest.Kind) {
		r := network(t).Start(&i2cptest.Router{Kind: kind})
		first := up(t, r)
		again := func() bool {
			c := dial(t, r)
			c.id = first.id
			c.hello()
			c.create(options())
			switch m, err := c.read(); m := m.(type) {
			case i2cpwire.SessionStatus:
				return m.State == i2cpwire.SessionCreated
			case i2cpwire.Disconnect:
				assert.Equal(t, "duplicate destination", m.Reason)
			default:
				require.Fail(t, "no answer", "%v, %v", m, err)
			}
			return false
		}
		assert.False(t, again())
		first.conn.Close()
		synctest.Wait()
		assert.Equal(t, kind != i2cptest.Java, again(), "at once")
		time.Sleep(2 * time.Second)
		if kind == i2cptest.Java {
			assert.True(t, again(), "2 s later")
		}
	})
}

func TestLeaseSetUnanswered(t *testing.T) {
	each(t, func(t *testing.T, kind i2cptest.Kind) {
		c := dial(t, network(t).Start(&i2cptest.Router{Kind: kind, BuildTime: -1}))
		c.hello()
		c.create(options())
		next[i2cpwire.SessionStatus](c)
		start := time.Now()
		asked := 0
		for {
			m, err := c.read()
			if err != nil {
				break
			}
			if _, ok := m.(i2cpwire.RequestVariableLeaseSet); ok {
				asked++
			}
		}
		if kind == i2cptest.Java {
			assert.Equal(t, 6, asked)
		} else {
			assert.Equal(t, 1, asked)
			assert.Equal(t, 10*time.Second, time.Since(start))
		}
	})
}

func TestLeaseSetsAreRenewed(t *testing.T) {
	each(t, func(t *testing.T, kind i2cptest.Kind) {
		nw := i2cptest.NewStrict(t)
		c := up(t, nw.Start(&i2cptest.Router{Kind: kind, BuildTime: -1}))
		for range 3 {
			start := time.Now()
			m := next[i2cpwire.RequestVariableLeaseSet](c)
			assert.Equal(t, 584*time.Second, time.Since(start))
			c.date = c.date.Add(time.Since(start))
			c.leaseSet(m)
		}
	})
}

func TestLookup(t *testing.T) {
	each(t, func(t *testing.T, kind i2cptest.Kind) {
		nw := i2cptest.NewStrict(t)
		a := up(t, nw.Start(&i2cptest.Router{Kind: kind, BuildTime: -1}))
		b := up(t, nw.Start(nil))
		synctest.Wait()
		nw.SetHost("Example.i2p", b.id.Destination())
		for i, m := range []i2cpwire.HostLookup{
			{Hash: b.id.Destination().Hash()}, {Name: b.id.String()}, {Name: "example.i2p"},
			{Hash: [32]byte{1}}, {Name: "nobody.i2p"}, {Session: i2cpwire.NoSession, Name: "example.i2p"},
		} {
			if m.Session == 0 {
				m.Session = a.sid
			}
			m.Request, m.Timeout = uint32(i), time.Second
			a.send(m)
			reply := next[i2cpwire.HostReply](a)
			assert.Equal(t, uint32(i), reply.Request)
			if i == 3 || i == 4 {
				assert.Equal(t, i2cpwire.HostFailed, reply.Code)
				continue
			}
			assert.Equal(t, i2cpwire.HostFound, reply.Code, i)
			assert.Equal(t, b.id.Destination().Bytes(), reply.Destination)
		}
		a.send(i2cpwire.DestLookup{Hash: b.id.Destination().Hash()})
		assert.Equal(t, b.id.Destination().Bytes(), next[i2cpwire.DestReply](a).Destination)
		a.send(i2cpwire.DestLookup{Hash: [32]byte{1}})
		assert.Equal(t, [32]byte{1}, [32]byte(next[i2cpwire.DestReply](a).Destination))
		a.send(i2cpwire.GetBandwidthLimits{})
		assert.NotZero(t, next[i2cpwire.BandwidthLimits](a).Outbound)
	})
}

func TestFaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(&i2cptest.Router{BuildTime: time.Second})
		r.Inject(i2cptest.Fault{On: "CreateSession", Status: 4, Delay: time.Second})
		c := dial(t, r)
		c.hello()
		start := time.Now()
		c.create(options())
		assert.Equal(t, i2cpwire.SessionRefused, next[i2cpwire.SessionStatus](c).State)
		assert.Equal(t, time.Second, time.Since(start))

		r.Inject(i2cptest.Fault{On: "GetDate", Disconnect: "because"})
		c = dial(t, r)
		c.send(i2cpwire.GetDate{Version: "0.9.66"})
		assert.Equal(t, "because", next[i2cpwire.Disconnect](c).Reason)

		r.Inject(i2cptest.Fault{On: "GetDate", Raw: []byte("nonsense")})
		c = dial(t, r)
		c.send(i2cpwire.GetDate{Version: "0.9.66"})
		b := make([]byte, 8)
		_, err := io.ReadFull(c.conn, b)
		require.NoError(t, err)
		assert.Equal(t, "nonsense", string(b))

		r.Inject(i2cptest.Fault{On: "RequestVariableLeaseSet", Close: true})
		c = dial(t, r)
		c.hello()
		c.create(options())
		next[i2cpwire.SessionStatus](c)
		_, err = c.read()
		assert.Equal(t, io.EOF, err)

		r.Inject(i2cptest.Fault{Times: -1, Ignore: true})
		c = dial(t, r)
		c.send(i2cpwire.GetDate{Version: "0.9.66"})
		synctest.Wait()
		r.ClearFaults()
		c.hello()
	})
}

func TestKillAndRestart(t *testing.T) {
	nw := network(t)
	r := nw.Start(nil)
	addr := r.Addr()
	c := up(t, r)
	conn, err := net.Dial("tcp", addr)
	require.NoError(t, err)
	r.Kill()
	_, err = conn.Read(make([]byte, 1))
	require.Error(t, err)
	conn.Close()
	for err = nil; err == nil; {
		_, err = c.read()
	}
	_, err = net.Dial("tcp", addr)
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	require.NoError(t, r.Restart())
	conn, err = net.Dial("tcp", addr)
	require.NoError(t, err)
	conn.Close()
	up(t, r)
	r.DropSessions()
	assert.Empty(t, r.Sessions())
	require.NoError(t, nw.WaitFor(t.Context(), func() bool { return r.Stats().Open == 0 }))
	nw.Close()
	require.ErrorIs(t, r.Restart(), net.ErrClosed)
}
