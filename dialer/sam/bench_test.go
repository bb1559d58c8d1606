package sam_test

import (
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// onBench runs f with a session on each kind of router, over real sockets, and the address of a site that serves.
func onBench(b *testing.B, serve func(net.Conn), f func(b *testing.B, s *sam.Session, address string)) {
	for _, kind := range []samtest.Router{samtest.Instant, samtest.I2PD259} {
		b.Run(kind.String(), func(b *testing.B) {
			nw := samtest.NewNetwork()
			defer nw.Close()
			start := func() *sam.Session {
				bridge := nw.Start(&samtest.Bridge{Router: kind, BuildTime: 1500 * time.Millisecond})
				bridge.Inject(samtest.Fault{On: "STREAM CONNECT", Times: -1, Hold: -1})
				s := &sam.Session{Address: bridge.Addr()}
				b.Cleanup(func() { s.Close() })
				return s
			}
			site, s := start(), start()
			ln, err := site.Listen(b.Context(), "tcp", ":80")
			require.NoError(b, err)
			go func() {
				for conn, err := ln.Accept(); err == nil; conn, err = ln.Accept() {
					go serve(conn)
				}
			}()
			require.NoError(b, s.Up(b.Context()))
			f(b, s, site.Addr().Host+":80")
		})
	}
}

// BenchmarkDial opens a stream, waits for its first byte and closes it.
func BenchmarkDial(b *testing.B) {
	onBench(b, func(conn net.Conn) { conn.Write([]byte("x")); conn.Read(make([]byte, 1)); conn.Close() }, func(b *testing.B, s *sam.Session, address string) {
		b.ReportAllocs()
		for b.Loop() {
			conn, err := s.DialContext(b.Context(), "tcp", address)
			require.NoError(b, err)
			_, err = io.ReadFull(conn, make([]byte, 1))
			require.NoError(b, err)
			conn.Close()
		}
	})
}

// BenchmarkRead reads 1 MiB at a time from one stream.
func BenchmarkRead(b *testing.B) {
	block := make([]byte, 1<<20)
	flood := func(conn net.Conn) {
		for {
			if _, err := conn.Write(block); err != nil {
				return
			}
		}
	}
	onBench(b, flood, func(b *testing.B, s *sam.Session, address string) {
		conn, err := s.DialContext(b.Context(), "tcp", address)
		require.NoError(b, err)
		defer conn.Close()
		got := make([]byte, len(block))
		b.SetBytes(int64(len(block)))
		b.ReportAllocs()
		for b.Loop() {
			_, err := io.ReadFull(conn, got)
			require.NoError(b, err)
		}
	})
}

// BenchmarkIdle tells the memory that a stream costs at rest, the in-process router's share included.
func BenchmarkIdle(b *testing.B) {
	const streams = 500
	onBench(b, func(conn net.Conn) { conn.Write([]byte("x")); io.Copy(io.Discard, conn) }, func(b *testing.B, s *sam.Session, address string) {
		for b.Loop() {
			var before, after runtime.MemStats
			runtime.GC()
			runtime.ReadMemStats(&before)
			goroutines := runtime.NumGoroutine()
			var conns []net.Conn
			for range streams {
				conn, err := s.DialContext(b.Context(), "tcp", address)
				require.NoError(b, err)
				_, err = io.ReadFull(conn, make([]byte, 1))
				require.NoError(b, err)
				conns = append(conns, conn)
			}
			time.Sleep(500 * time.Millisecond)
			runtime.GC()
			runtime.ReadMemStats(&after)
			b.ReportMetric(float64(after.HeapAlloc-before.HeapAlloc+after.StackInuse-before.StackInuse)/streams, "B/stream")
			b.ReportMetric(float64(runtime.NumGoroutine()-goroutines)/streams, "goroutines/stream")
			for _, conn := range conns {
				conn.Close()
			}
		}
	})
}
