package socks_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAssociateCarriesDatagrams(t *testing.T) {
	for _, host := range []string{"127.0.0.1", "[::1]"} {
		t.Run(host, func(t *testing.T) {
			l, err := net.Listen("tcp", host+":0")
			if err != nil {
				t.Skipf("no such loopback: %v", err)
			}
			p := newPost()
			d := &socks.Dialer{Address: serve(t, &socks.Server{Dialer: p}, l)}
			c, err := d.ListenPacket(t.Context(), "udp", ":0")
			require.NoError(t, err)
			defer c.Close()

			n, err := c.WriteTo([]byte("hello"), to("Friend.i2p:53"))
			require.NoError(t, err)
			assert.Equal(t, 5, n)
			p.expect(t, "hello", "friend.i2p:53")
			p.arrive <- packet{"no port told", friendB32 + ":0"}
			expectPacket(t, c, "no port told", "Friend.i2p:53") // as the client called it
			p.arrive <- packet{"another port", friendB32 + ":54"}
			expectPacket(t, c, "another port", "Friend.i2p:54")
			p.arrive <- packet{"unknown", strangerB32 + ":9"}
			expectPacket(t, c, "unknown", strangerB32+":9")

			_, err = c.WriteTo([]byte("direct"), to(strangerB32+":9"))
			require.NoError(t, err)
			p.expect(t, "direct", strangerB32+":9")
			_, err = c.WriteTo(nil, to(strangerB32+":9"))
			require.NoError(t, err)
			p.expect(t, "", strangerB32+":9")
			large := strings.Repeat("x", 30_000)
			_, err = c.WriteTo([]byte(large), to("friend.i2p:53"))
			require.NoError(t, err)
			p.expect(t, large, "friend.i2p:53")
			_, err = c.WriteTo([]byte("to nobody"), nil)
			require.Error(t, err)
		})
	}
}

// serve is listen on a listener that is there already.
func serve(t *testing.T, srv *socks.Server, l net.Listener) (address string) {
	t.Helper()
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	t.Cleanup(func() {
		srv.Close()
		assert.NoError(t, srv.Shutdown(context.Background()))
		assert.ErrorIs(t, <-done, socks.ErrServerClosed)
	})
	return l.Addr().String()
}

// raw opens an association by hand and returns the client's connection and where the relay is.
func raw(t *testing.T, srv *socks.Server, request string) (*sockstest.Client, *net.UDPAddr) {
	t.Helper()
	conn, err := net.Dial("tcp", listen(t, srv))
	require.NoError(t, err)
	c := sockstest.NewClient(t, conn)
	c.Send(greetNone + request)
	c.Expect(choseNone + "05 00 00 01 7f 00 00 01")
	port := make([]byte, 2)
	_, err = c.Read(port)
	require.NoError(t, err)
	return c, &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: int(port[0])<<8 | int(port[1])}
}

func udp(t *testing.T, host string) *net.UDPConn {
	t.Helper()
	u, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.ParseIP(host)})
	if err != nil && host != "127.0.0.1" {
		t.Skipf("the system has one loopback address only: %v", err)
	}
	require.NoError(t, err)
	t.Cleanup(func() { u.Close() })
	return u
}

const associateAny = "05 03 00 01 00 00 00 00 00 00"

func datagram(t *testing.T, host, data string) []byte {
	return append(unhex(t, "00 00 00"+name5(host, 53)), data...)
}

// Lesson 18: a relay that takes datagrams from anybody lets others past the credentials.
func TestAssociateTakesItsClientOnly(t *testing.T) {
	for name, tc := range map[string]struct {
		request   func(port int) string
		intruders func(t *testing.T) []*net.UDPConn
	}{
		"first packet": {func(int) string { return associateAny }, func(t *testing.T) []*net.UDPConn {
			return []*net.UDPConn{udp(t, "127.0.0.2")}
		}},
		"told port": {func(port int) string { return "05 03 00 01 00 00 00 00" + hexPort(port) }, func(t *testing.T) []*net.UDPConn {
			return []*net.UDPConn{udp(t, "127.0.0.2"), udp(t, "127.0.0.1")}
		}},
		"told address": {func(port int) string { return "05 03 00 01 7f 00 00 01" + hexPort(port) }, func(t *testing.T) []*net.UDPConn {
			return []*net.UDPConn{udp(t, "127.0.0.1")}
		}},
		"name of the target": {func(int) string { return "05 03 00 " + name5(friendB32, 53) }, func(t *testing.T) []*net.UDPConn {
			return []*net.UDPConn{udp(t, "127.0.0.2")}
		}},
		"address of the target": {func(int) string { return "05 03 00 01 0a 40 00 01 00 35" }, func(t *testing.T) []*net.UDPConn {
			return []*net.UDPConn{udp(t, "127.0.0.2")}
		}},
		"address behind a NAT": {func(port int) string { return "05 03 00 01 0a 00 00 01 00 09" }, func(t *testing.T) []*net.UDPConn {
			return []*net.UDPConn{udp(t, "127.0.0.2")}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			p, own := newPost(), udp(t, "127.0.0.1")
			_, relay := raw(t, &socks.Server{Dialer: p, VirtualAddresses: netip.MustParsePrefix("10.64.0.0/10")}, tc.request(own.LocalAddr().(*net.UDPAddr).Port))
			for _, u := range tc.intruders(t) {
				_, err := u.WriteTo(datagram(t, friendB32, "stranger"), relay)
				require.NoError(t, err)
			}
			_, err := own.WriteTo(datagram(t, friendB32, "own"), relay)
			require.NoError(t, err)
			p.expect(t, "own", friendB32+":53")
			late := udp(t, "127.0.0.1") // same host, another program
			_, err = late.WriteTo(datagram(t, friendB32, "late"), relay)
			require.NoError(t, err)
			_, err = own.WriteTo(datagram(t, friendB32, "again"), relay)
			require.NoError(t, err)
			p.expect(t, "again", friendB32+":53")
			p.arrive <- packet{"answer", friendB32 + ":0"}
			buf := make([]byte, 500)
			own.SetReadDeadline(time.Now().Add(10 * time.Second))
			n, err := own.Read(buf)
			require.NoError(t, err)
			assert.Equal(t, datagram(t, friendB32, "answer"), buf[:n])
		})
	}
}

func hexPort(port int) string { return name5("", uint16(port))[6:] }

func TestAssociateDropsWhatItMustNotSend(t *testing.T) {
	p := newPost()
	var asked atomic.Int64
	_, relay := raw(t, &socks.Server{Dialer: p, Allow: func(ctx context.Context, r *socks.Request) error {
		if r.Command == socks.Datagram {
			asked.Add(1)
		}
		return socks.I2POnly(ctx, r)
	}}, associateAny)
	u := udp(t, "127.0.0.1")
	send := func(b []byte) {
		_, err := u.WriteTo(b, relay)
		require.NoError(t, err)
	}
	fragment := datagram(t, friendB32, "fragment")
	fragment[2] = 1
	for _, b := range [][]byte{
		nil, {0}, fragment, unhex(t, "00 01 00 01 01 02 03 04 00 35 68"), unhex(t, "00 00 00 09 01"),
		unhex(t, "00 00 00 03 00 00 35 68"),          // empty name
		unhex(t, "00 00 00 01 01 02 03 04 00 35 68"), // refused by the policy, from here on
		datagram(t, "example.com", "x"), datagram(t, "example.com", "x"), datagram(t, "a\n.i2p", "x"),
		datagram(t, "nobody.i2p", "x"), // does not exist
	} {
		send(b)
	}
	send(datagram(t, friendB32, "good"))
	p.expect(t, "good", friendB32+":53")
	require.Eventually(t, func() bool { return asked.Load() == 5 }, time.Minute, time.Millisecond)
	for range 3 {
		send(datagram(t, "example.com", "x"))
		send(datagram(t, friendB32, "good"))
		p.expect(t, "good", friendB32+":53")
	}
	assert.EqualValues(t, 5, asked.Load(), "once for each destination")
	assert.Empty(t, p.sent)
}

// What waits for its destination is bounded and goes out in order; other destinations do not wait.
func TestAssociateQueue(t *testing.T) {
	p, release := newPost(), make(chan struct{})
	goOn := sync.OnceFunc(func() { close(release) })
	defer goOn()
	p.lookup = func(host string) (string, error) {
		if host == "slow.i2p" {
			<-release
		}
		return friendB32, nil
	}
	_, relay := raw(t, &socks.Server{Dialer: p, UDPQueue: 2 * (64 + 5)}, associateAny)
	u := udp(t, "127.0.0.1")
	send := func(host, data string) {
		_, err := u.WriteTo(datagram(t, host, data), relay)
		require.NoError(t, err)
	}
	known := func(data string) { send(friendB32, data); p.expect(t, data, friendB32+":53") }
	known("ready")
	for _, data := range []string{"one..", "two..", "three"} {
		send("slow.i2p", data)
	}
	known("after") // is read after what the queue had no room for
	goOn()
	p.expect(t, "one..", "slow.i2p:53")
	p.expect(t, "two..", "slow.i2p:53")
	send("slow.i2p", "four")
	p.expect(t, "four", "slow.i2p:53")
}

func TestAssociateDoesNotWaitForOthers(t *testing.T) {
	p, release := newPost(), make(chan struct{})
	p.lookup = func(string) (string, error) {
		<-release
		return friendB32, nil
	}
	defer close(release)
	_, relay := raw(t, &socks.Server{Dialer: p}, associateAny)
	u := udp(t, "127.0.0.1")
	for i := range 30 { // more than may be looked into at a time
		if i%10 == 0 {
			_, err := u.WriteTo(datagram(t, friendB32, "known"), relay)
			require.NoError(t, err)
			p.expect(t, "known", friendB32+":53")
		}
		_, err := u.WriteTo(datagram(t, fmt.Sprintf("slow%d.i2p", i), "x"), relay)
		require.NoError(t, err)
	}
	_, err := u.WriteTo(datagram(t, friendB32, "known"), relay)
	require.NoError(t, err)
	p.expect(t, "known", friendB32+":53")
	assert.Empty(t, p.sent)
}

func TestAssociateEndsWithItsConnection(t *testing.T) {
	p := newPost()
	srv := &socks.Server{Dialer: p}
	c, relay := raw(t, srv, associateAny)
	c.Close()
	u := udp(t, "127.0.0.1")
	require.Eventually(t, func() bool { // its port is free again
		l, err := net.ListenUDP("udp", relay)
		if err == nil {
			l.Close()
		}
		return err == nil
	}, time.Minute, time.Millisecond)
	u.WriteTo(datagram(t, friendB32, "late"), relay)
	assert.Empty(t, p.sent)

	d := &socks.Dialer{Address: listen(t, &socks.Server{Dialer: p})}
	pc, err := d.ListenPacket(t.Context(), "udp", "")
	require.NoError(t, err)
	require.NoError(t, pc.Close())
	_, _, err = pc.ReadFrom(make([]byte, 1))
	assert.ErrorIs(t, err, net.ErrClosed)
	_, err = pc.WriteTo(nil, to("a.i2p:1"))
	assert.ErrorIs(t, err, net.ErrClosed)
}

func TestAssociateIdleTimeout(t *testing.T) {
	d := &socks.Dialer{Address: listen(t, &socks.Server{Dialer: newPost(), IdleTimeout: 50 * time.Millisecond})}
	pc, err := d.ListenPacket(t.Context(), "udp", "")
	require.NoError(t, err)
	defer pc.Close()
	start := time.Now()
	_, _, err = pc.ReadFrom(make([]byte, 1))
	assert.ErrorIs(t, err, net.ErrClosed)
	assert.GreaterOrEqual(t, time.Since(start), 40*time.Millisecond)
}

func TestAssociateRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		srv     *socks.Server
		request string
		out     string
	}{
		"no packets": {&socks.Server{Dialer: newNode()}, greetNone + associateAny, choseNone + failed(7)},
		"4":          {&socks.Server{Dialer: newPost()}, "04 03 00 50 00 00 00 00 00", rejected},
		"policy": {&socks.Server{Dialer: newPost(), Allow: func(context.Context, *socks.Request) error { return os.ErrPermission }},
			greetNone + associateAny, choseNone + failed(2)},
		"name outside": {&socks.Server{Dialer: newPost()}, greetNone + "05 03 00" + name5("a.b", 1), choseNone + failed(2)},
		"backend":      {&socks.Server{Dialer: &post{fail: os.ErrDeadlineExceeded}}, greetNone + associateAny, choseNone + failed(6)},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", listen(t, tc.srv))
			require.NoError(t, err)
			c := sockstest.NewClient(t, conn)
			c.Send(tc.request)
			c.Expect(tc.out)
			c.ExpectEnd()
		})
	}
	synctest.Test(t, func(t *testing.T) { // a client that has no IP address
		c := sockstest.Start(t, &socks.Server{Dialer: newPost()}).Client()
		c.Send(greetNone + associateAny)
		c.Expect(choseNone + failed(7))
		c.ExpectEnd()
	})
}

func TestMaxAssociations(t *testing.T) {
	for limit, want := range map[int]int{4: 2, -1: 5} {
		d := &socks.Dialer{Address: listen(t, &socks.Server{Dialer: newPost(), MaxAssociations: limit})}
		open := 0
		for range 5 {
			c, err := d.ListenPacket(t.Context(), "udp", "")
			if err == nil {
				defer c.Close()
				open++
				continue
			}
			reply, ok := errors.AsType[*socks.ReplyError](err)
			require.True(t, ok, "%v", err)
			assert.Equal(t, socks.GeneralFailure, reply.Reply)
		}
		assert.Equal(t, want, open, "half of what there is, as it is one user")
	}
}

func TestShutdownCutsAssociations(t *testing.T) {
	srv := &socks.Server{Dialer: newPost()}
	c, _ := raw(t, srv, associateAny)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	assert.ErrorIs(t, srv.Shutdown(ctx), context.DeadlineExceeded, "it is drained like a stream")
	c.ExpectEnd()
	assert.NoError(t, srv.Shutdown(t.Context()))
}

func TestBackendEndsTheAssociation(t *testing.T) {
	p := newPost()
	var pc net.PacketConn
	c, _ := raw(t, &socks.Server{Dialer: &listenerOnly{p, &pc}}, associateAny)
	require.NoError(t, pc.Close())
	c.ExpectEnd()
}
