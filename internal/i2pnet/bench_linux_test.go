package i2pnet

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkFabric is what it costs to carry a stream over a perfect link.
func BenchmarkFabric(b *testing.B) {
	_, ns, addresses := linked(b, Link{})
	var ln net.Listener
	require.NoError(b, ns[1].enter(func() (err error) {
		ln, err = net.Listen("tcp4", addresses[1]+":0")
		return err
	}))
	defer ln.Close()
	const size = 64 << 10
	go func() {
		conn, err := ln.Accept()
		for buf := make([]byte, size); err == nil; {
			_, err = conn.Read(buf)
		}
	}()
	var conn net.Conn
	require.NoError(b, ns[0].enter(func() (err error) {
		conn, err = net.Dial("tcp4", ln.Addr().String())
		return err
	}))
	defer conn.Close()
	b.SetBytes(size)
	for buf := make([]byte, size); b.Loop(); {
		if _, err := conn.Write(buf); err != nil {
			b.Fatal(err)
		}
	}
}
