package i2pnet

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestLinksOnRouters: two routers talk over links of 100 ms there and back that lose one packet in a hundred.
func TestLinksOnRouters(t *testing.T) {
	link := Link{Delay: 50 * time.Millisecond, Loss: 0.01}
	begin := time.Now()
	n := Require(t, Config{Links: func(from, to int) Link { return link }})
	t.Logf("ready after %v", time.Since(begin))
	s := newSessions(t, n, 0, 1)
	t.Logf("sessions after %v", time.Since(begin))
	requireEcho(t, s[0], s[1])
	asked := time.Now()
	requireEcho(t, s[1], s[0])
	took := time.Since(asked)
	t.Logf("an echo took %v", took)
	assert.GreaterOrEqual(t, took, 2*link.Delay)

	var all Traffic
	for from := range n.Len() + 1 {
		for to := range n.Len() + 1 {
			one := n.Traffic(from, to)
			all.Packets += one.Packets
			all.Lost += one.Lost
		}
	}
	t.Logf("%d packets, %d lost", all.Packets, all.Lost)
	assert.Positive(t, n.Traffic(0, 1).Packets)
	assert.Positive(t, n.Traffic(1, 0).Packets)

	n.SetLink(0, 1, Link{Loss: 1})
	stream := openSAM(t, n, 0)
	_, err := stream.ask("STREAM CONNECT ID=%s DESTINATION=%s", s[0].id, s[1].dest) // i2pd knows it, and says so
	require.NoError(t, err)
	before := n.Traffic(0, 1)
	_, err = stream.Write([]byte("lost"))
	require.NoError(t, err)
	assert.Eventually(t, func() bool { return n.Traffic(0, 1).Lost > before.Lost }, 20*time.Second, 10*time.Millisecond)
}
