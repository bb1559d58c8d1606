package i2psocks_test

import (
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// ways are two endpoints on the in-process network: the same site reached in the process and through SOCKS.
func ways(b *testing.B, serve func(net.Conn)) (address string, dialers map[string]proxy.ContextDialer) {
	nw := samtest.NewNetwork()
	b.Cleanup(nw.Close)
	bridge := nw.Start(nil)
	bridge.Inject(samtest.Fault{On: "STREAM CONNECT", Times: -1, Hold: -1}) // answer at once
	site, visitor := endpoint(b, nw.Start(nil).Addr()), endpoint(b, bridge.Addr())
	ln, err := site.Listen(b.Context(), "tcp", ":80")
	require.NoError(b, err)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				serve(conn)
			}()
		}
	}()
	px, err := visitor.ListenSOCKS(b.Context(), "tcp", "127.0.0.1:0")
	require.NoError(b, err)
	require.NoError(b, visitor.Up(b.Context()))
	return site.Addr().Host + ":80", map[string]proxy.ContextDialer{"direct": visitor, "SOCKS": through(px, "", "")}
}

// BenchmarkConnect opens a stream and waits for its first byte.
func BenchmarkConnect(b *testing.B) {
	address, dialers := ways(b, func(conn net.Conn) { conn.Write([]byte("x")) })
	for name, d := range dialers {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				conn, err := d.DialContext(b.Context(), "tcp", address)
				require.NoError(b, err)
				_, err = io.Copy(io.Discard, conn)
				require.NoError(b, err)
				conn.Close()
			}
		})
	}
}

// BenchmarkDownload reads 1 MiB at a time from one stream.
func BenchmarkDownload(b *testing.B) {
	block := random(1 << 20)
	address, dialers := ways(b, func(conn net.Conn) {
		for {
			if _, err := conn.Write(block); err != nil {
				return
			}
		}
	})
	for name, d := range dialers {
		b.Run(name, func(b *testing.B) {
			conn, err := d.DialContext(b.Context(), "tcp", address)
			require.NoError(b, err)
			defer conn.Close()
			b.SetBytes(int64(len(block)))
			for b.Loop() {
				_, err := io.ReadFull(conn, block)
				require.NoError(b, err)
			}
		})
	}
}
