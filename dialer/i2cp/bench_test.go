package i2cp

import (
	"io"
	"net"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2cptest"
)

// BenchmarkStream carries data from one session to another through routers in the process.
func BenchmarkStream(b *testing.B) {
	nw := i2cptest.NewNetwork()
	b.Cleanup(nw.Close)
	client, server := streamPair(b, on(b, nw.Start(nil)), on(b, nw.Start(nil)))
	go io.Copy(io.Discard, server)
	chunk := make([]byte, 64<<10)
	b.SetBytes(int64(len(chunk)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := client.Write(chunk); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkDial opens streams, one after the other, and closes them.
func BenchmarkDial(b *testing.B) {
	nw := i2cptest.NewNetwork()
	b.Cleanup(nw.Close)
	from, to := on(b, nw.Start(nil)), on(b, nw.Start(nil), func(s *Session) { s.Limits = Limits{PeerPerMinute: -1, OpensPerMinute: -1} })
	ln, err := to.Listen(b.Context(), "tcp", ":80")
	require.NoError(b, err)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conn.Close()
		}
	}()
	b.ReportAllocs()
	for b.Loop() {
		conn, err := from.DialContext(b.Context(), "tcp", ln.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		conn.Close()
	}
}

// BenchmarkIdle tells what an idle stream holds, in memory alone.
func BenchmarkIdle(b *testing.B) {
	const streams = 10_000
	for b.Loop() {
		nw := i2cptest.NewNetwork()
		from, to := on(b, nw.Start(nil)), on(b, nw.Start(nil), func(s *Session) { s.Limits = Limits{PeerPerMinute: -1, StreamsPerPeer: -1, OpensPerMinute: -1} })
		ln, err := to.Listen(b.Context(), "tcp", ":80")
		require.NoError(b, err)
		require.NoError(b, from.Up(b.Context()))
		before := heap()
		conns := make([]net.Conn, 0, 2*streams)
		for range streams {
			conn, err := from.DialContext(b.Context(), "tcp", ln.Addr().String())
			require.NoError(b, err)
			in, err := ln.Accept()
			require.NoError(b, err)
			conns = append(conns, conn, in)
		}
		b.ReportMetric(float64(heap()-before)/float64(len(conns)), "B/stream") // each end is one
		runtime.KeepAlive(conns)
		from.Abort()
		to.Abort()
		nw.Close()
	}
}

// heap returns the bytes in use.
func heap() uint64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
