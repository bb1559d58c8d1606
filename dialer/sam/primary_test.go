package sam

import (
	"bufio"
	"errors"
	"net"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// TestPrimaryStreams: streams work as ever, with a router that dies too, and nothing is left behind.
func TestPrimaryStreams(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, nw *samtest.Network, one, two *samtest.Bridge) {
		server, client := session(t, one), session(t, two)
		server.Primary, client.Primary = true, true
		site(t, server, banner)
		visit := func() {
			conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
			require.NoError(t, err)
			defer conn.Close()
			line, err := bufio.NewReader(conn).ReadString('\n')
			require.NoError(t, err)
			assert.Equal(t, "hello "+client.Addr().String()+"\n", line)
		}
		visit()
		primaries, subs := 0, one.Count("SESSION ADD")
		for _, s := range one.Sessions() {
			assert.Equal(t, server.Addr().Destination, s.Destination)
			if s.Options["STYLE"] == "PRIMARY" {
				primaries++
			}
		}
		if one.Router <= samtest.Java {
			assert.Equal(t, []int{1, 1}, []int{primaries, subs})
		} else {
			assert.Equal(t, []int{0, 0}, []int{primaries, subs})
		}
		require.NoError(t, one.Restart())
		time.Sleep(time.Minute)
		visit()
		require.NoError(t, client.Close())
		require.NoError(t, server.Close())
		time.Sleep(time.Minute)
		assert.Empty(t, one.Sessions())
		assert.Empty(t, two.Sessions())
	})
}

// TestPrimaryRefused: an ADD that fails is a session that fails.
func TestPrimaryRefused(t *testing.T) {
	onRouters(t, []samtest.Router{samtest.Instant, samtest.Java}, func(t *testing.T, nw *samtest.Network, one, two *samtest.Bridge) {
		s := session(t, one)
		s.Primary = true
		one.Inject(samtest.Fault{On: "SESSION ADD", Result: "I2P_ERROR", Message: "no"})
		assert.ErrorIs(t, s.Up(t.Context()), dialer.ErrRouter)
		one.Inject(samtest.Fault{On: "SESSION ADD", CloseAfter: samtest.BeforeReply})
		assert.ErrorIs(t, s.Up(t.Context()), dialer.ErrRouterDown)
		one.Inject(samtest.Fault{On: "SESSION CREATE", Result: "I2P_ERROR", Message: "Unrecognized SESSION STYLE"})
		assert.ErrorIs(t, s.Up(t.Context()), errors.ErrUnsupported)
		time.Sleep(time.Minute)
		require.NoError(t, s.Up(t.Context()))
		one.Inject(samtest.Fault{On: "SESSION REMOVE", Result: "I2P_ERROR", Message: "ID not found"})
		require.NoError(t, s.Close())
	})
}

// TestPrimaryHangs: a router that does not answer does not hold Close up for long.
func TestPrimaryHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := samtest.NewStrict(t)
		b := nw.Start(&samtest.Bridge{Router: samtest.Java})
		s := session(t, b)
		s.Primary = true
		require.NoError(t, s.Up(t.Context()))
		b.Inject(samtest.Fault{On: "SESSION REMOVE", Delay: time.Hour})
		begin := time.Now()
		require.NoError(t, s.Close())
		assert.Equal(t, removeTimeout, time.Since(begin))
	})
}

// onJava runs f in real time, as subsessions need UDP, on bridges of routers that have them.
func onJava(t *testing.T, f func(t *testing.T, one, two *samtest.Bridge)) {
	for _, r := range []samtest.Router{samtest.Instant, samtest.Java} {
		t.Run(r.String(), func(t *testing.T) {
			t.Parallel()
			nw := samtest.NewStrict(t)
			f(t, nw.Start(&samtest.Bridge{Router: r, BuildTime: -1}), nw.Start(&samtest.Bridge{Router: r, BuildTime: -1}))
		})
	}
}

// TestSubsessions: streams and datagrams have one identity, and each conn gets what is for its port.
func TestSubsessions(t *testing.T) {
	onJava(t, func(t *testing.T, one, two *samtest.Bridge) {
		server, client := overUDP(t, one), overUDP(t, two)
		server.Primary, client.Primary = true, true
		site(t, server, banner)
		listen := func(s *Session, network, address string) *PacketConn {
			pc, err := s.ListenPacket(t.Context(), network, address)
			require.NoError(t, err)
			assert.Equal(t, s.Addr().Host+address, pc.LocalAddr().String())
			return pc.(*PacketConn)
		}
		any, dns, thrown := listen(server, "udp", ":0"), listen(server, "udp", ":53"), listen(server, "i2p-raw", ":53")
		asking := listen(client, "i2p-datagram", ":9")
		assert.Equal(t, dialer.Up, asking.Status().State)
		greet(t, asking, any)
		greet(t, asking, dns)
		to := server.Addr()
		to.Port = 99
		_, err := asking.WriteTo([]byte("any port"), to)
		require.NoError(t, err)
		got, from := read(t, any)
		assert.Equal(t, "any port", got)
		assert.Equal(t, asking.LocalAddr(), from)
		assert.EqualValues(t, 9, from.(dialer.Addr).Port)
		throwing := listen(client, "i2p-raw", ":0")
		_, err = throwing.WriteTo([]byte("raw"), thrown.LocalAddr())
		require.NoError(t, err)
		got, _ = read(t, thrown)
		assert.Equal(t, "raw", got)
		stranger(t, dns)

		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		defer conn.Close()
		line, err := bufio.NewReader(conn).ReadString('\n')
		require.NoError(t, err)
		assert.Equal(t, "hello "+client.Addr().String()+"\n", line)

		_, err = server.ListenPacket(t.Context(), "udp", ":53")
		assert.ErrorIs(t, err, syscall.EADDRINUSE)
		require.NoError(t, dns.Close())
		dns = listen(server, "udp", ":53")
		greet(t, asking, dns)
		_, err = server.ListenPacket(t.Context(), "i2p-datagram2", ":0")
		assert.ErrorIs(t, err, errors.ErrUnsupported)
		one.Inject(samtest.Fault{On: "SESSION ADD", Result: "I2P_ERROR", Message: "no"})
		_, err = server.ListenPacket(t.Context(), "udp", ":54")
		assert.ErrorIs(t, err, dialer.ErrRouter)
		assert.Equal(t, dialer.Up, server.Status().State, "the session lives on")
		greet(t, asking, any)

		require.NoError(t, server.Close())
		require.NoError(t, one.WaitFor(t.Context(), func() bool { return len(one.Sessions()) == 0 }), "all subsessions were removed")
		_, _, err = any.ReadFrom(nil)
		assert.ErrorIs(t, err, net.ErrClosed)
	})
}

// TestSubsessionsAfterRestart: all comes back with the router, as the same identity.
func TestSubsessionsAfterRestart(t *testing.T) {
	onJava(t, func(t *testing.T, one, two *samtest.Bridge) {
		server, client := overUDP(t, one), overUDP(t, two)
		server.Primary = true
		hasten(server)
		a, other, b := packets(t, server, "udp"), packets(t, server, "i2p-raw"), packets(t, client, "udp")
		greet(t, b, a)
		home := a.LocalAddr()
		require.Eventually(t, func() bool { return one.Restart() == nil }, time.Minute, 10*time.Millisecond)
		require.Eventually(t, func() bool { return a.Status().State != dialer.Up }, time.Minute, time.Millisecond)
		one.Inject(samtest.Fault{On: "SESSION ADD", Delay: time.Millisecond}) // that of the streams
		one.Inject(samtest.Fault{On: "SESSION ADD", Result: "I2P_ERROR", Message: "no"})
		if _, err := a.WriteTo([]byte("back"), b.LocalAddr()); err == nil { // it has waited
			got, from := read(t, b)
			assert.Equal(t, "back", got)
			assert.Equal(t, home, from)
			greet(t, b, a)
			a, other = other, a
		}
		// The one whose subsession was refused says so, and the session lives on.
		var refused error
		require.Eventually(t, func() bool {
			st := a.Status()
			refused = st.Err
			return st.State == dialer.Down && other.Status().State == dialer.Up
		}, time.Minute, time.Millisecond)
		assert.ErrorIs(t, refused, dialer.ErrRouter)
		assert.Equal(t, home, a.LocalAddr())
		assert.Equal(t, dialer.Up, server.Status().State)
		require.NoError(t, server.Close())
		require.NoError(t, one.WaitFor(t.Context(), func() bool { return len(one.Sessions()) == 0 }))
	})
}

// TestPrimaryElsewhere: where there are no subsessions packets have an identity of their own, and who had
// the session's identity on another router does not get another one.
func TestPrimaryElsewhere(t *testing.T) {
	t.Parallel()
	nw := samtest.NewStrict(t)
	javaRouter, i2pdRouter := nw.Start(nil), nw.Start(&samtest.Bridge{Router: samtest.I2PD259, BuildTime: poisonedBefore + 100*time.Millisecond})
	alone := overUDP(t, i2pdRouter)
	alone.Primary = true
	pc, err := alone.ListenPacket(t.Context(), "udp", ":0")
	require.NoError(t, err)
	assert.NotEqual(t, alone.Addr(), pc.LocalAddr())

	moving := &Session{Address: javaRouter.Addr(), UDPAddress: javaRouter.UDPAddr(), Fallbacks: []string{i2pdRouter.Addr()}, Primary: true}
	t.Cleanup(func() { moving.Close() })
	hasten(moving)
	pc, err = moving.ListenPacket(t.Context(), "udp", ":0")
	require.NoError(t, err)
	home := moving.Addr()
	assert.Equal(t, home, pc.LocalAddr())
	javaRouter.Kill()
	require.Eventually(t, func() bool {
		return pc.(*PacketConn).Status().State == dialer.Down && moving.Status().State == dialer.Up
	}, time.Minute, time.Millisecond)
	_, err = pc.WriteTo([]byte("x"), home)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	assert.Equal(t, home, pc.LocalAddr())
	require.NoError(t, pc.Close())
}

// hasten takes from a session that is not yet used the time that real routers need between two of an identity.
func hasten(s *Session) {
	s.Addr()
	s.keep.Settle = 10 * time.Millisecond
}
