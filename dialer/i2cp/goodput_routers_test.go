package i2cp_test

import (
	"fmt"
	"io"
	"net"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

// BenchmarkGoodputOnRouters is what one stream makes of links of 25 ms each way, beside i2pd's own streams on the same network:
//
//	go test -run '^$' -bench GoodputOnRouters -benchtime 1x ./dialer/i2cp
func BenchmarkGoodputOnRouters(b *testing.B) {
	for _, loss := range []float64{0, 0.01} {
		nw := i2pnet.Require(b, i2pnet.Config{
			Links: func(int, int) i2pnet.Link { return i2pnet.Link{Delay: 25 * time.Millisecond, Loss: loss} },
		})
		ours, here, there := over(b, nw, 0), overSAM(b, nw, 0), overSAM(b, nw, 1)
		lns := listen(b, ours, here, there)
		for _, way := range []struct {
			name string
			from dialer.Backend
			to   net.Listener
		}{{"SAM to SAM", here, lns[2]}, {"ours to SAM", ours, lns[2]}, {"SAM to ours", there, lns[0]}} {
			b.Run(fmt.Sprintf("%v%%/%s", 100*loss, way.name), func(b *testing.B) {
				benchmarkGoodput(b, way.from, way.to)
			})
		}
	}
}

// benchmarkGoodput carries data from who dials to who listens.
func benchmarkGoodput(b *testing.B, from dialer.Backend, to net.Listener) {
	const size = 12 << 20
	client, err := dialUntil(b.Context(), from, to.Addr())
	require.NoError(b, err)
	defer client.Close()
	_, err = client.Write(make([]byte, 64<<10)) // SAM hands a stream over when data come
	require.NoError(b, err)
	server, err := to.Accept()
	require.NoError(b, err)
	defer server.Close()
	_, err = io.CopyN(io.Discard, server, 64<<10)
	require.NoError(b, err)
	data := make([]byte, size)
	b.SetBytes(size)
	for b.Loop() {
		client.SetDeadline(time.Now().Add(2 * time.Minute))
		server.SetDeadline(time.Now().Add(2 * time.Minute))
		sent := make(chan error, 1)
		go func() {
			_, err := client.Write(data)
			sent <- err
		}()
		_, err := io.CopyN(io.Discard, server, size)
		require.NoError(b, err)
		require.NoError(b, <-sent)
	}
}
