package i2pnet

import (
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// linked returns two namespaces with addresses of router 0 and 1, and the fabric between them.
func linked(t testing.TB, l Link) (*fabric, [2]*namespace, [2]string) {
	f := newFabric(2, func(from, to int) Link { return l }, 1)
	t.Cleanup(func() { assert.NoError(t, f.close()) })
	var ns [2]*namespace
	var addresses [2]string
	for i := range ns {
		var err error
		ns[i], err = newNamespace(t.Context(), "")
		if errors.Is(err, ErrMissing) {
			demand(t, err)
		}
		require.NoError(t, err)
		t.Cleanup(func() { assert.NoError(t, ns[i].remove()) })
		device, err := ns[i].openDevice(t.Context())
		demand(t, err)
		require.NoError(t, f.attach(i, device))
		addresses[i], err = peerAddress(i, 0)
		require.NoError(t, err)
		require.NoError(t, ns[i].addAddress(t.Context(), addresses[i]))
	}
	return f, ns, addresses
}

func udpIn(t *testing.T, s *namespace, address string) (conn net.PacketConn) {
	require.NoError(t, s.enter(func() (err error) {
		conn, err = net.ListenPacket("udp4", address+":0")
		return err
	}))
	t.Cleanup(func() { conn.Close() })
	return conn
}

// TestRoundTrip: packets between namespaces take as long as their links do, and some are lost.
func TestRoundTrip(t *testing.T) {
	const count = 200
	link := Link{Delay: 20 * time.Millisecond, Jitter: time.Millisecond, Loss: 0.2}
	f, ns, addresses := linked(t, link)
	a, b := udpIn(t, ns[0], addresses[0]), udpIn(t, ns[1], addresses[1])
	go func() {
		buf := make([]byte, 100)
		for {
			n, from, err := b.ReadFrom(buf)
			if err != nil {
				return
			}
			b.WriteTo(buf[:n], from)
		}
	}()
	sent := make(map[string]time.Time)
	for i := range count {
		text := fmt.Sprint(i)
		sent[text] = time.Now()
		_, err := a.WriteTo([]byte(text), b.LocalAddr())
		require.NoError(t, err)
	}
	best, back := time.Hour, 0
	buf := make([]byte, 100)
	a.SetReadDeadline(time.Now().Add(30 * time.Second)) // all come sooner
	for {
		n, from, err := a.ReadFrom(buf)
		if err != nil {
			break
		}
		assert.Equal(t, b.LocalAddr().String(), from.String())
		best = min(best, time.Since(sent[string(buf[:n])]))
		back++
		if there, home := f.traffic(0, 1), f.traffic(1, 0); back == home.Packets-home.Lost && there.Packets == count && home.Packets == there.Packets-there.Lost {
			break
		}
	}
	there, home := f.traffic(0, 1), f.traffic(1, 0)
	t.Logf("%d of %d came back, the fastest after %v", back, count, best)
	assert.Equal(t, count, there.Packets)
	assert.Equal(t, there.Packets-there.Lost, home.Packets)
	assert.Equal(t, home.Packets-home.Lost, back)
	assert.Equal(t, lost(link, 0, 1, there.Packets), there.Lost, "the seed decides, not the clock")
	assert.Equal(t, lost(link, 1, 0, home.Packets), home.Lost)
	assert.GreaterOrEqual(t, best, 2*link.Delay)
}

// lost returns how many of so many packets a link of the seed 1 loses.
func lost(l Link, from, to, packets int) int {
	line := newLine(l, 1, from, to)
	for range packets {
		line.carry(time.Now(), 1)
	}
	return line.traffic.Lost
}

// TestRate: TCP between namespaces gets no more than the link has.
func TestRate(t *testing.T) {
	const rate, size = 1 << 20, 1 << 20
	f, ns, addresses := linked(t, Link{Delay: 5 * time.Millisecond, Rate: rate})
	var ln net.Listener
	require.NoError(t, ns[1].enter(func() (err error) {
		ln, err = net.Listen("tcp4", addresses[1]+":0")
		return err
	}))
	defer ln.Close()
	go func() {
		conn, err := ln.Accept()
		if err == nil {
			conn.Write(make([]byte, size))
			conn.Close()
		}
	}()
	var conn net.Conn
	begin := time.Now()
	require.NoError(t, ns[0].enter(func() (err error) {
		conn, err = net.Dial("tcp4", ln.Addr().String())
		return err
	}))
	defer conn.Close()
	got := 0
	for buf := make([]byte, 64<<10); ; {
		n, err := conn.Read(buf)
		if got += n; err != nil {
			break
		}
	}
	took := time.Since(begin)
	t.Logf("%d bytes in %v", got, took)
	assert.Equal(t, size, got)
	passed := f.traffic(1, 0).Bytes
	assert.Greater(t, passed, size)
	assert.GreaterOrEqual(t, took, time.Second*(size-minQueue*4)/rate)
}
