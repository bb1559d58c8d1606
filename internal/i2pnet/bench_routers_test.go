package i2pnet

import (
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkStream is what one stream of i2pd's makes of a link, from router 0 to router 1 by SAM:
//
//	go test -run '^$' -bench Stream -benchtime 1x ./internal/i2pnet
func BenchmarkStream(b *testing.B) {
	for _, rtt := range []time.Duration{0, 50 * time.Millisecond, 150 * time.Millisecond} {
		for _, loss := range []float64{0, 0.01} {
			b.Run(fmt.Sprintf("%v_%v%%", rtt, 100*loss), func(b *testing.B) {
				link := Link{Delay: rtt / 2, Loss: loss}
				n := Require(b, Config{Links: func(from, to int) Link { return link }})
				s := newSessions(b, n, 0, 1)
				requireEcho(b, s[0], s[1]) // until then the routers do not know each other
				benchmarkStream(b, s[0], s[1])
			})
		}
	}
}

func benchmarkStream(b *testing.B, from, to *session) {
	const size = 4 << 20
	accept := openSAM(b, to.n, to.router)
	_, err := accept.ask("STREAM ACCEPT ID=%s", to.id)
	require.NoError(b, err)
	stream := openSAM(b, from.n, from.router)
	_, err = stream.ask("STREAM CONNECT ID=%s DESTINATION=%s", from.id, to.dest)
	require.NoError(b, err)
	b.SetBytes(size)
	data := make([]byte, size)
	first := true
	for b.Loop() {
		require.NoError(b, stream.SetDeadline(time.Now().Add(2*time.Minute)))
		require.NoError(b, accept.SetDeadline(time.Now().Add(2*time.Minute)))
		sent := make(chan error, 1)
		go func() {
			_, err := stream.Write(data)
			sent <- err
		}()
		if first { // the peer's destination is there as soon as data are
			_, err := accept.r.ReadString('\n')
			require.NoError(b, err)
			first = false
		}
		_, err := io.CopyN(io.Discard, accept.r, size)
		require.NoError(b, err)
		require.NoError(b, <-sent)
	}
}
