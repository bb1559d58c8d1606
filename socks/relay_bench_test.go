package socks

import (
	"context"
	"io"
	"net"
	"runtime"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkRelay compares the ways of copying; io.Copy between two TCP
// connections, which splices, is the mark to meet.
func BenchmarkRelay(b *testing.B) {
	with := func(ahead int) func(client, peer net.Conn) {
		return func(client, peer net.Conn) {
			relay(context.Background(), client, peer, nil, relayOptions{ReadAhead: ahead, IdleTimeout: time.Hour})
		}
	}
	for _, c := range []struct {
		name    string
		wrapped bool
		relay   func(client, peer net.Conn)
	}{
		{"io.Copy", false, func(client, peer net.Conn) { io.Copy(client, peer) }},
		{"splice", false, with(0)},
		{"splice,ahead", false, with(4 << 20)},
		{"splice,observed", false, func(client, peer net.Conn) {
			relay(context.Background(), client, peer, nil, relayOptions{Observer: sampling(), IdleTimeout: time.Hour})
		}},
		{"io.Copy,wrapped", true, func(client, peer net.Conn) { io.Copy(client, peer) }},
		{"copy", true, with(0)},
		{"copy,ahead", true, with(4 << 20)},
	} {
		b.Run(c.name, func(b *testing.B) {
			near, client := tcpPair(b)
			far, peer := tcpPair(b)
			if c.wrapped {
				near, far = bare{Conn: near}, bare{Conn: far}
			}
			done := make(chan struct{})
			go func() { c.relay(near, far); close(done) }()
			const piece = 256 << 10
			sink := make([]byte, piece)
			go func() {
				p := make([]byte, piece)
				for {
					if _, err := peer.Write(p); err != nil {
						return
					}
				}
			}()
			b.SetBytes(piece)
			for b.Loop() {
				if _, err := io.ReadFull(client, sink); err != nil {
					b.Fatal(err)
				}
			}
			for _, c := range []net.Conn{client, peer, near, far} {
				c.Close()
			}
			<-done
		})
	}
}

// sampling sees 4 KiB of each direction, as an observer that audits does.
func sampling() Observer {
	var sent, received int
	return script{
		sent:     func(b []byte, _ bool) (bool, bool, error) { sent += len(b); return false, sent < 4<<10, nil },
		received: func(b []byte) bool { received += len(b); return received < 4<<10 },
	}
}

// BenchmarkRelayRoundTrip is one byte there and back, as in a chat.
func BenchmarkRelayRoundTrip(b *testing.B) {
	for name, ahead := range map[string]int{"plain": 0, "ahead": 4 << 20} {
		b.Run(name, func(b *testing.B) {
			near, client := tcpPair(b)
			far, peer := tcpPair(b)
			done := start(context.Background(), near, far, "", relayOptions{ReadAhead: ahead, IdleTimeout: time.Hour})
			go io.Copy(peer, peer)
			p := make([]byte, 1)
			b.ReportAllocs()
			for b.Loop() {
				client.Write(p)
				if _, err := io.ReadFull(client, p); err != nil {
					b.Fatal(err)
				}
			}
			client.Close()
			peer.Close()
			<-done
		})
	}
}

// BenchmarkRelayIdle reports what a relay that has worked and is idle now
// keeps, without its two connections.
func BenchmarkRelayIdle(b *testing.B) {
	const n = 300
	for name, wrapped := range map[string]bool{"splice": false, "copy": true} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				var conns []net.Conn
				for range n {
					near, client := tcpPair(b)
					far, peer := tcpPair(b)
					if wrapped {
						near, far = bare{Conn: near}, bare{Conn: far}
					}
					conns = append(conns, near, client, far, peer)
				}
				before := memory()
				var dones []chan relayed
				for i := 0; i < len(conns); i += 4 {
					dones = append(dones, start(context.Background(), conns[i], conns[i+2], "", relayOptions{ReadAhead: 4 << 20, IdleTimeout: time.Hour}))
					go conns[i+3].Write(make([]byte, 200_000))
					_, err := io.CopyN(io.Discard, conns[i+1], 200_000)
					require.NoError(b, err)
				}
				b.ReportMetric(float64(memory()-before)/n, "B/relay")
				for _, c := range conns {
					c.Close()
				}
				for _, done := range dones {
					<-done
				}
			}
		})
	}
}

func memory() int {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int(m.HeapAlloc + m.StackInuse)
}
