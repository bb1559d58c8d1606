package samtest

import (
	"bufio"
	"io"
	"net"
	"testing"

	"github.com/stretchr/testify/require"
)

// dialTCP connects over loopback.
func dialTCP(b *testing.B, br *Bridge) *sock {
	nc, err := net.Dial("tcp", br.Addr())
	require.NoError(b, err)
	s := &sock{b, nc, bufio.NewReader(nc)}
	s.ask("HELLO VERSION MIN=3.1 MAX=3.3")
	return s
}

// BenchmarkConnect is what a stream costs on the bridge itself, over loopback TCP.
func BenchmarkConnect(b *testing.B) {
	nw := NewNetwork()
	defer nw.Close()
	br := nw.Start(nil)
	u := create(b, br, "")
	br.Inject(Fault{On: "STREAM CONNECT", Times: -1, Hold: -1})
	b.ReportAllocs()
	for b.Loop() {
		acc := dialTCP(b, br)
		acc.ask("STREAM ACCEPT ID=" + u.id)
		d := dialTCP(b, br)
		require.Equal(b, "STREAM STATUS RESULT=OK", d.ask("STREAM CONNECT ID="+u.id+" DESTINATION="+u.dest.Base32()))
		acc.line()
		d.nc.Close()
		acc.nc.Close()
	}
}

// BenchmarkStream is the throughput of one stream, over loopback TCP.
func BenchmarkStream(b *testing.B) {
	nw := NewNetwork()
	defer nw.Close()
	br := nw.Start(nil)
	u := create(b, br, "")
	acc := dialTCP(b, br)
	acc.ask("STREAM ACCEPT ID=" + u.id)
	d := dialTCP(b, br)
	require.Equal(b, "STREAM STATUS RESULT=OK", d.ask("STREAM CONNECT ID="+u.id+" DESTINATION="+u.dest.Base32()))
	acc.line()
	go io.Copy(io.Discard, acc.r)
	buf := make([]byte, 64<<10)
	b.SetBytes(int64(len(buf)))
	b.ReportAllocs()
	for b.Loop() {
		_, err := d.nc.Write(buf)
		require.NoError(b, err)
	}
	d.nc.Close()
	acc.nc.Close()
}
