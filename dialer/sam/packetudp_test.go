package sam

import (
	"bytes"
	"context"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
)

// overUDP returns a session on b over sockets, that ends with the test.
func overUDP(t *testing.T, b *samtest.Bridge) *Session {
	s := &Session{Address: b.Addr(), UDPAddress: b.UDPAddr()}
	t.Cleanup(func() { s.Close() })
	return s
}

// udpRouters are routers with the time to build tunnels. On i2pd less would be taken for a session
// that was there before.
var udpRouters = map[samtest.Router]time.Duration{
	samtest.Java: -1, samtest.I2PD256: poisonedBefore + 100*time.Millisecond, samtest.I2PD259: poisonedBefore + 100*time.Millisecond,
}

// TestPacketsOverUDP is in real time, as sockets are.
func TestPacketsOverUDP(t *testing.T) {
	for r, build := range udpRouters {
		t.Run(r.String(), func(t *testing.T) {
			t.Parallel()
			nw := samtest.NewStrict(t)
			one, two := nw.Start(&samtest.Bridge{Router: r, BuildTime: build}), nw.Start(&samtest.Bridge{Router: r, BuildTime: build})
			pc, err := overUDP(t, one).ListenPacket(t.Context(), "udp", ":5")
			require.NoError(t, err)
			defer pc.Close()
			a, b := pc.(*PacketConn), packets(t, overUDP(t, two), "udp")
			require.NotNil(t, a.udp)
			greet(t, a, b)
			if r == samtest.I2PD256 {
				exchange1000(t, a, b, time.Millisecond)
			}
			head := len(appendUDPHeader(nil, strings.Repeat("0", 32), b.LocalAddr().(dialer.Addr).Destination, 0, 0))
			for size, fits := range map[int]bool{31744: r < samtest.I2PD245 || 31744+head <= 32768, 31745: false, 40_000: false} {
				_, err := a.WriteTo(bytes.Repeat([]byte("z"), size), b.LocalAddr())
				if !fits {
					assert.ErrorIs(t, err, ErrTooLarge)
					continue
				}
				require.NoError(t, err)
				got, _ := read(t, b)
				assert.Len(t, got, size)
			}
			assert.Zero(t, one.Count("DATAGRAM SEND"))
			stranger(t, b)

			// Ports reach the peer where the router bears them.
			to := b.LocalAddr().(dialer.Addr)
			to.Port = 7
			_, err = a.WriteTo([]byte("ports"), to)
			require.NoError(t, err)
			_, from := read(t, b)
			want := a.LocalAddr().(dialer.Addr)
			assert.EqualValues(t, 5, want.Port)
			if r >= samtest.I2PD245 {
				want.Port = 0
			}
			assert.Equal(t, want, from)
		})
	}
}

// stranger sends to b's socket past the router; nothing of it may arrive.
func stranger(t *testing.T, b *PacketConn) {
	t.Helper()
	id, err := keys.Generate()
	require.NoError(t, err)
	udp, err := net.Dial("udp", b.udp.LocalAddr().String())
	require.NoError(t, err)
	defer udp.Close()
	before := b.Stats()
	_, err = udp.Write([]byte(id.Destination().Base64() + "\nforged"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { return b.Stats().Strangers == before.Strangers+1 }, time.Minute, time.Millisecond)
	assert.Empty(t, b.in)
	before.Strangers++
	assert.Equal(t, before, b.Stats())
}

func TestRawPacketsOverUDP(t *testing.T) {
	for r, build := range udpRouters {
		if r == samtest.I2PD256 {
			continue // as I2PD259
		}
		t.Run(r.String(), func(t *testing.T) {
			t.Parallel()
			nw := samtest.NewStrict(t)
			b := nw.Start(&samtest.Bridge{Router: r, BuildTime: build})
			s := overUDP(t, b)
			pc, err := s.ListenPacket(t.Context(), "i2p-raw", ":9")
			require.NoError(t, err)
			defer pc.Close()
			other := packets(t, s, "i2p-raw")
			_, err = pc.WriteTo([]byte("FROM_PORT=1\nraw"), other.LocalAddr())
			require.NoError(t, err)
			got, from := read(t, other)
			assert.Equal(t, "FROM_PORT=1\nraw", got)
			want := dialer.Addr{Port: 9}
			if r != samtest.Java {
				want.Port = 0
			}
			assert.Equal(t, want, from)
		})
	}
}

// TestPacketsOverUDPAfterRestart: a new session gets the same socket and address.
func TestPacketsOverUDPAfterRestart(t *testing.T) {
	t.Parallel()
	nw := samtest.NewStrict(t)
	one, two := nw.Start(nil), nw.Start(nil)
	a, b := packets(t, overUDP(t, one), "udp"), packets(t, overUDP(t, two), "udp")
	greet(t, a, b)
	// Another test may have taken the port for a while.
	require.Eventually(t, func() bool { return two.Restart() == nil }, time.Minute, 10*time.Millisecond)
	_, err := b.WriteTo([]byte("back"), a.LocalAddr()) // or lost with the session that is not yet known to be gone
	require.NoError(t, err)
	require.Eventually(t, func() bool { return b.Status().State == dialer.Up && len(two.Sessions()) == 1 }, time.Minute, 10*time.Millisecond)
	require.NoError(t, two.WaitFor(t.Context(), func() bool { return two.Sessions()[0].Ready }))
	require.Eventually(t, func() bool { return b.Status().State == dialer.Up }, time.Minute, 10*time.Millisecond)
	_, err = b.WriteTo([]byte("again"), a.LocalAddr())
	require.NoError(t, err)
	for got := ""; got != "again"; { // behind the one before, if that was not lost
		got, _ = read(t, a)
	}
}

// TestUDPChoice: datagrams go over UDP only where nobody can be in between, and an address that
// cannot be used is refused.
func TestUDPChoice(t *testing.T) {
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, net.ErrClosed }
	for name, tc := range map[string]struct {
		session *Session
		udp     bool
		wrong   bool
	}{
		"default":           {session: &Session{}, udp: true},
		"loopback":          {session: &Session{Address: "127.0.0.1:7"}, udp: true},
		"localhost":         {session: &Session{Address: "localhost:7"}, udp: true},
		"all on loopback":   {session: &Session{Address: "127.0.0.1:7", Fallbacks: []string{"127.0.0.1:8"}}, udp: true},
		"one elsewhere":     {session: &Session{Fallbacks: []string{"192.0.2.1:7656"}}},
		"mixed families":    {session: &Session{Fallbacks: []string{"[::1]:7656"}}},
		"unix":              {session: &Session{Address: "unix:/nowhere"}},
		"elsewhere":         {session: &Session{Address: "192.0.2.1:7656"}},
		"own dialer":        {session: &Session{DialBridge: dial}},
		"own address":       {session: &Session{UDPAddress: "127.0.0.1:9"}, udp: true},
		"name":              {session: &Session{UDPAddress: "localhost:9"}, wrong: true},
		"address elsewhere": {session: &Session{UDPAddress: "192.0.2.1:9"}, wrong: true},
		"other family":      {session: &Session{UDPAddress: "[::1]:9"}, wrong: true},
		"of an own dialer":  {session: &Session{UDPAddress: "127.0.0.1:9", DialBridge: dial}, wrong: true},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := tc.session.newPacketConn(repliable, 0, false)
			if tc.wrong {
				require.ErrorContains(t, err, "UDPAddress")
				return
			}
			require.NoError(t, err)
			defer p.Close()
			assert.Equal(t, tc.udp, p.udp != nil)
		})
	}
}

func TestUDPAddress(t *testing.T) {
	p := &PacketConn{session: &Session{}}
	first, second := bridge{network: "tcp", address: "127.0.0.1:7656"}, bridge{network: "tcp", address: "127.0.0.2:8000"}
	p.session.bridges = []bridge{first, second}
	for want, tc := range map[string]struct {
		b       bridge
		profile profile
	}{
		"127.0.0.1:7655": {first, i2pdProfile(hello{})}, "127.0.0.2:7999": {second, i2pdProfile(hello{})}, "127.0.0.2:7655": {second, javaProfile(hello{})},
	} {
		assert.Equal(t, want, p.udpAddress(tc.b, tc.profile).String())
	}
	p.session.UDPAddress = "127.0.0.1:1"
	assert.Equal(t, netip.MustParseAddrPort("127.0.0.1:1"), p.udpAddress(first, i2pdProfile(hello{})))
	assert.Equal(t, "127.0.0.2:7999", p.udpAddress(second, i2pdProfile(hello{})).String(), "UDPAddress is that of the first router")
}

// seeds returns a destination and what routers put around it.
func seeds(f *testing.F) (keys.Destination, []string) {
	id, err := keys.Generate()
	require.NoError(f, err)
	d := id.Destination()
	hash := d.Hash()
	return d, []string{hashBase64.EncodeToString(hash[:]), d.Base64(), d.Base64() + " FROM_PORT=5 TO_PORT=6", "PROTOCOL=18 FROM_PORT=5 TO_PORT=6", "", "x", d.Base64()[:100]}
}

func FuzzParseForwarded(f *testing.F) {
	d, lines := seeds(f)
	for _, line := range lines {
		f.Add([]byte(line+"\npay\nload"), repliable, false)
		f.Add([]byte(line+"\n"), raw, true)
		f.Add([]byte(line), raw, false)
		f.Add([]byte(line+"\n"), hashed, false)
	}
	got, err := parseForwarded([]byte(lines[2]+"\npay\nload"), repliable2, false)
	require.NoError(f, err)
	require.Equal(f, packet{dialer.AddrOf(d, 5), 6, []byte("pay\nload")}, got)
	f.Fuzz(func(t *testing.T, b []byte, style string, header bool) {
		got, err := parseForwarded(b, style, header)
		if err != nil {
			assert.ErrorIs(t, err, dialer.ErrRouter)
			assert.Equal(t, packet{}, got)
			return
		}
		assert.True(t, bytes.HasSuffix(b, got.payload))
		checkSender(t, got.from, style)
		if style == raw && !header {
			assert.Equal(t, b, got.payload)
		} else {
			assert.Equal(t, byte('\n'), b[len(b)-len(got.payload)-1])
		}
	})
}

// checkSender: there is one but in raw packets, and its name fits its destination, if that is known.
func checkSender(t *testing.T, from dialer.Addr, style string) {
	if style == raw {
		from.Port = 0
		assert.Zero(t, from)
		return
	}
	host, err := i2phost.Parse(from.Host)
	require.NoError(t, err)
	assert.Equal(t, i2phost.Base32, host.Kind())
	assert.True(t, style == hashed || !from.Destination.IsZero())
	if !from.Destination.IsZero() {
		assert.Equal(t, from.Destination.Base32(), from.Host)
	}
}

// TestParseSender: only DATAGRAM3 may name its sender by a hash, and that must be one.
func TestParseSender(t *testing.T) {
	id, err := keys.Generate()
	require.NoError(t, err)
	d := id.Destination()
	sum := d.Hash()
	hash := hashBase64.EncodeToString(sum[:])
	require.Len(t, hash, 44)
	got, err := parseSender(hash, hashed)
	require.NoError(t, err)
	assert.Equal(t, dialer.Addr{Host: d.Base32()}, got)
	for _, style := range []string{repliable, repliable2, hashed} {
		got, err = parseSender(d.Base64(), style)
		require.NoError(t, err)
		assert.Equal(t, dialer.AddrOf(d, 0), got)
		for _, bad := range []string{"", "x", hash[:43], hash + "=", hash + "A", hash[:42] + "==", hash[:20] + "\n" + hash[20:43], hash[:42] + "B=", "+" + hash[1:]} {
			_, err = parseSender(bad, style)
			assert.ErrorIs(t, err, errPacket, bad)
		}
	}
	_, err = parseSender(hash, repliable)
	assert.ErrorIs(t, err, errPacket)
}

func FuzzParseReceived(f *testing.F) {
	d, lines := seeds(f)
	for _, line := range lines {
		f.Add("DATAGRAM RECEIVED DESTINATION="+line+" SIZE=3", repliable)
		f.Add("DATAGRAM RECEIVED DESTINATION="+line+" SIZE=3", hashed)
		f.Add("RAW RECEIVED SIZE=3 "+line, raw)
	}
	m, err := wire.Parse("DATAGRAM RECEIVED DESTINATION=" + d.Base64() + " SIZE=3 FROM_PORT=5 TO_PORT=6")
	require.NoError(f, err)
	got, err := parseReceived(m, repliable, []byte("abc"))
	require.NoError(f, err)
	require.Equal(f, packet{dialer.AddrOf(d, 5), 6, []byte("abc")}, got)
	f.Fuzz(func(t *testing.T, line, style string) {
		m, err := wire.Parse(line)
		if err != nil {
			return
		}
		if size, err := receivedSize(m); err == nil {
			assert.True(t, 0 <= size && size <= maxReceived)
		}
		got, err := parseReceived(m, style, []byte("abc"))
		if err != nil {
			assert.ErrorIs(t, err, dialer.ErrRouter)
			return
		}
		assert.Equal(t, "abc", string(got.payload))
		assert.Equal(t, m.Verb == "RAW", style == raw)
		checkSender(t, got.from, style)
	})
}
