package socks

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/go-i2p/i2psocks/internal/bytequeue"
)

// TestSocket tells which connections the kernel may be handed.
func TestSocket(t *testing.T) {
	tcp, _ := tcpPair(t)
	unixConn, _ := unixPair(t, "unix")
	for name, c := range map[string]struct {
		conn net.Conn
		want bool
	}{
		"tcp":                 {tcp, true},
		"unix":                {unixConn, true},
		"stream":              {stream{Conn: tcp}, true},
		"stream, not now":     {stream{Conn: tcp, indirect: true}, false},
		"stream of a wrapper": {stream{Conn: masked{tcp.(*net.TCPConn)}}, false},
		"embedded":            {masked{tcp.(*net.TCPConn)}, false},
		"hidden":              {bare{Conn: tcp}, false},
	} {
		rc, _ := socket(c.conn)
		assert.Equal(t, c.want, rc != nil, name)
	}
}

// waitFor waits for what another goroutine or the kernel does.
func waitFor(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		require.True(t, time.Now().Before(deadline), what)
	}
}

// TestSpliceTakesAllAhead has a router that throws away what was not read a
// second after its end, and a client that reads only then.
func TestSpliceTakesAllAhead(t *testing.T) {
	const size = 6 << 20
	data := random(size, 5)
	for kind, pair := range map[string]func(testing.TB) (net.Conn, net.Conn){"tcp": tcpPair, "stream": streamPair} {
		t.Run(kind, func(t *testing.T) {
			t.Parallel()
			near, client := tcpPair(t)
			far, router := pair(t)
			near.(*net.TCPConn).SetWriteBuffer(16 << 10)
			client.(*net.TCPConn).SetReadBuffer(16 << 10)
			budget := bytequeue.NewBudget(4 * size) // of which a stream may have its part
			done := start(t.Context(), near, far, "", relayOptions{ReadAhead: size, Budget: budget})
			writeRandomly(router, data) // would block for ever if nothing were taken ahead
			assert.NotZero(t, budget.Used(), "the client is behind")
			time.Sleep(time.Second) // what this router allows
			router.(*net.TCPConn).SetLinger(0)
			router.Close()
			got := make([]byte, size)
			_, err := io.ReadFull(client, got)
			require.NoError(t, err)
			assert.Equal(t, sum(data), sum(got))
			r := <-done
			assert.ErrorIs(t, r.err, unix.ECONNRESET)
			assert.EqualValues(t, size, r.Received)
			assert.Zero(t, budget.Used())
		})
	}
}

// TestSpliceReturnsFromBacklog pauses and resumes the client again and again.
func TestSpliceReturnsFromBacklog(t *testing.T) {
	near, client := tcpPair(t)
	far, peer := streamPair(t)
	near.(*net.TCPConn).SetWriteBuffer(16 << 10)
	client.(*net.TCPConn).SetReadBuffer(16 << 10)
	budget := bytequeue.NewBudget(4 << 20)
	done := start(t.Context(), near, far, "", relayOptions{ReadAhead: 2 << 20, Budget: budget})
	all := random(16<<20, 6)
	for data := all; len(data) > 0; data = data[1<<20:] {
		_, err := peer.Write(data[:1<<20])
		require.NoError(t, err)
		waitFor(t, "backlog", func() bool { return budget.Used() > 0 })
		got := make([]byte, 1<<20)
		_, err = io.ReadFull(client, got)
		require.NoError(t, err)
		require.Equal(t, sum(data[:1<<20]), sum(got))
		waitFor(t, "no backlog", func() bool { return budget.Used() == 0 })
	}
	peer.Close()
	r := <-done
	assert.NoError(t, r.err)
	assert.EqualValues(t, len(all), r.Received)
}

// TestSpliceRefused uses sockets that keep the boundaries of messages, which
// the kernel does not splice from.
func TestSpliceRefused(t *testing.T) {
	near, client := unixPair(t, "unixpacket")
	far, peer := tcpPair(t)
	done := start(t.Context(), near, far, "early", relayOptions{})
	for i := range 10 {
		_, err := client.Write(random(100, byte(i)))
		require.NoError(t, err)
	}
	_, err := peer.Write(random(1000, 11))
	require.NoError(t, err)
	got := make([]byte, 1005)
	_, err = io.ReadFull(peer, got)
	require.NoError(t, err)
	assert.Equal(t, "early", string(got[:5]))
	for i := range 10 {
		assert.True(t, bytes.Equal(random(100, byte(i)), got[5+i*100:][:100]))
	}
	n, err := io.ReadFull(client, got[:1000])
	require.NoError(t, err)
	assert.True(t, bytes.Equal(random(1000, 11), got[:n]))
	client.Close()
	peer.Close()
	assert.NoError(t, (<-done).err)
}

// TestSpliceWithoutDescriptors relays while no pipe can be had.
func TestSpliceWithoutDescriptors(t *testing.T) {
	near, client := tcpPair(t)
	far, peer := streamPair(t)
	for pipes.Get() != nil { // the collector closes these
	}
	var old unix.Rlimit
	require.NoError(t, unix.Getrlimit(unix.RLIMIT_NOFILE, &old))
	require.NoError(t, unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Max: old.Max}))
	defer unix.Setrlimit(unix.RLIMIT_NOFILE, &old)
	done := start(t.Context(), near, far, "", relayOptions{ReadAhead: 1 << 20})
	go io.Copy(peer, io.LimitReader(peer, 1<<20))
	go writeRandomly(client, random(1<<20, 8))
	got := make([]byte, 1<<20)
	_, err := io.ReadFull(client, got)
	require.NoError(t, err)
	assert.Equal(t, sum(random(1<<20, 8)), sum(got))
	peer.Close()
	assert.NoError(t, (<-done).err)
}

// TestSpliceWakes has a relay that waits, in each way in which it can.
func TestSpliceWakes(t *testing.T) {
	for name, ahead := range map[string]int{"plain": 0, "ahead": 100_000} {
		for _, fill := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				near, client := tcpPair(t)
				far, peer := streamPair(t)
				ctx, cancel := context.WithCancel(t.Context())
				done := start(ctx, near, far, "", relayOptions{ReadAhead: ahead})
				if fill {
					for _, c := range []net.Conn{client, peer} {
						c.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
						_, err := c.Write(make([]byte, 64<<20))
						require.ErrorIs(t, err, os.ErrDeadlineExceeded, "all is full")
					}
				}
				cancel()
				assert.ErrorIs(t, (<-done).err, context.Canceled)
			})
		}
	}
}

// TestSpliceReset resets one of the sockets at a random moment. What arrives
// must be a beginning of what was sent, and the relay must end.
func TestSpliceReset(t *testing.T) {
	data := random(4<<20, 7)
	for i := range 30 {
		near, client := tcpPair(t)
		far, peer := streamPair(t)
		done := start(t.Context(), near, far, "", relayOptions{ReadAhead: i % 3 * 50_000, HalfCloseTimeout: time.Second})
		var wg sync.WaitGroup
		for _, c := range []net.Conn{client, peer} {
			wg.Go(func() { writeRandomly(c, data) })
			wg.Go(func() {
				var got bytes.Buffer
				io.Copy(&got, c)
				assert.True(t, bytes.HasPrefix(data, got.Bytes()))
			})
		}
		time.Sleep(rand.N(4 * time.Millisecond))
		victim := []net.Conn{client, peer}[i%2]
		victim.(*net.TCPConn).SetLinger(0)
		victim.Close()
		<-done
		near.Close()
		far.Close()
		wg.Wait()
	}
}

func descriptors(t testing.TB) int {
	fds, err := os.ReadDir("/proc/self/fd")
	require.NoError(t, err)
	return len(fds)
}

// TestRelayLeavesNothing runs 2,000 relays that end in different ways.
func TestRelayLeavesNothing(t *testing.T) {
	run := func(i int) {
		near, client := tcpPair(t)
		far, peer := streamPair(t)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		done := start(ctx, near, far, "hello", relayOptions{ReadAhead: 1 << 20, IdleTimeout: time.Minute})
		peer.Write(make([]byte, 1+rand.IntN(200_000)))
		switch i % 4 {
		case 0:
			peer.Close()
		case 1:
			cancel()
		case 2:
			client.(*net.TCPConn).SetLinger(0)
			client.Close()
		case 3:
			peer.(*net.TCPConn).SetLinger(0)
			peer.Close()
		}
		<-done
		for _, c := range []net.Conn{near, client, far, peer} {
			c.Close()
		}
	}
	for i := range 100 {
		run(i)
	}
	runtime.GC()
	runtime.GC()
	fds, goroutines := descriptors(t), runtime.NumGoroutine()
	for i := range 2000 {
		run(i)
	}
	waitFor(t, "goroutines", func() bool { return runtime.NumGoroutine() <= goroutines })
	waitFor(t, "descriptors", func() bool { runtime.GC(); return descriptors(t) <= fds })
}

// TestIdleRelayHoldsNothing counts what 100 relays hold that have worked.
func TestIdleRelayHoldsNothing(t *testing.T) {
	const n = 100
	type ends struct{ near, client, far, peer net.Conn }
	var all []ends
	for range n {
		var e ends
		e.near, e.client = tcpPair(t)
		e.far, e.peer = streamPair(t)
		all = append(all, e)
	}
	runtime.GC()
	runtime.GC()
	fds, goroutines := descriptors(t), runtime.NumGoroutine()
	var dones []chan relayed
	for _, e := range all {
		dones = append(dones, start(t.Context(), e.near, e.far, "", relayOptions{ReadAhead: 1 << 20, IdleTimeout: time.Hour, ParkAfter: time.Millisecond}))
		e.peer.Write(make([]byte, 300_000))
		_, err := io.CopyN(io.Discard, e.client, 300_000)
		require.NoError(t, err)
	}
	waitFor(t, "one goroutine for all", func() bool { return runtime.NumGoroutine() <= goroutines+1 })
	require.Equal(t, n, lot.Len())
	waitFor(t, "no pipe", func() bool { runtime.GC(); return descriptors(t) <= fds+1 })
	for i, e := range all {
		e.peer.Close()
		assert.NoError(t, (<-dones[i]).err)
	}
}

// metered is a stream that counts what bypasses it.
type metered struct {
	stream
	read, written *atomic.Int64
}

func (m metered) Moved(read, written int) {
	m.read.Add(int64(read))
	m.written.Add(int64(written))
}

// TestSpliceIsCounted: a stream learns of every byte that the kernel moved past it, and of none twice.
func TestSpliceIsCounted(t *testing.T) {
	const size = 3 << 20
	for name, ahead := range map[string]int{"straight": 0, "ahead": size} {
		t.Run(name, func(t *testing.T) {
			near, client := tcpPair(t)
			far, router := tcpPair(t)
			near.(*net.TCPConn).SetWriteBuffer(16 << 10)
			client.(*net.TCPConn).SetReadBuffer(16 << 10)
			peer := metered{stream{Conn: far}, new(atomic.Int64), new(atomic.Int64)}
			done := start(t.Context(), near, peer, "", relayOptions{ReadAhead: ahead})
			go router.Write(random(size, 1))
			waitFor(t, "bytes", func() bool { return peer.read.Load() > 0 })
			_, err := io.ReadFull(client, make([]byte, size))
			require.NoError(t, err)
			go client.Write(random(size, 2))
			_, err = io.ReadFull(router, make([]byte, size))
			require.NoError(t, err)
			router.Close()
			r := <-done
			assert.EqualValues(t, size, r.Received)
			assert.EqualValues(t, size, peer.read.Load())
			assert.EqualValues(t, size, peer.written.Load())
		})
	}
}
