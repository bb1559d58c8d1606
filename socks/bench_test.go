package socks_test

import (
	"io"
	"net"
	"testing"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/require"
)

// BenchmarkConnect is one client from its connection to the end of its stream,
// in memory: what the server costs beside the system.
func BenchmarkConnect(b *testing.B) {
	srv := sockstest.Start(b, &socks.Server{Dialer: greeter{}})
	request := []byte("\x05\x01\x00\x05\x01\x00\x03\x05a.i2p\x00\x50")
	b.ReportAllocs()
	for b.Loop() {
		conn, err := srv.DialContext(b.Context(), "", "")
		require.NoError(b, err)
		conn.Write(request)
		_, err = io.Copy(io.Discard, struct{ io.Reader }{conn})
		require.NoError(b, err)
		conn.Close()
	}
}

// BenchmarkConnectTCP is the same over loopback, with the client of this package.
func BenchmarkConnectTCP(b *testing.B) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(b, err)
	srv := &socks.Server{Dialer: greeter{}}
	go srv.Serve(l)
	defer srv.Shutdown(b.Context())
	d := &socks.Dialer{Address: l.Addr().String()}
	b.ReportAllocs()
	for b.Loop() {
		conn, err := d.Dial("tcp", "a.i2p:80")
		require.NoError(b, err)
		conn.Close()
	}
}
