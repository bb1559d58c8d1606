package samtest

import (
	"bufio"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

// TestPeer: others have keys of types that no client here makes, and streams in both directions.
func TestPeer(t *testing.T) {
	for _, kind := range []keys.SignatureType{7, 9, 10, 0xFF00} {
		for _, r := range allRouters {
			bubble(t, r, func(t *testing.T, nw *Network, b *Bridge) {
				p, err := nw.Start(&Bridge{Router: r}).NewPeer(uint16(kind))
				require.NoError(t, err)
				assert.Equal(t, kind, p.Destination().SignatureType())
				u := create(t, b, "")
				acc := u.accept()
				u.waits(1)
				nc, err := p.Dial(t.Context(), u.dest.Base32())
				require.NoError(t, err)
				assert.Contains(t, acc.line()+" ", p.Destination().Base64()+" ")
				nc.Write([]byte("question\n"))
				assert.Equal(t, "question", acc.line())
				acc.send("answer\n")
				answer, err := readLine(nc)
				require.NoError(t, err)
				assert.Equal(t, "answer", answer)
				nc.Close() // at once, which is no client's fault
				acc.hear()

				accepted := make(chan net.Conn)
				go func() {
					nc, from, err := p.Accept(t.Context())
					assert.NoError(t, err)
					assert.Equal(t, u.dest.Base64(), from)
					accepted <- nc
				}()
				require.NoError(t, p.b.WaitFor(t.Context(), func() bool { return p.b.Sessions()[0].Accepts == 1 }))
				d, reply := u.connect(p.Destination().Base32())
				require.Contains(t, reply, "RESULT=OK")
				d.send("data\n")
				line, err := bufio.NewReader(<-accepted).ReadString('\n')
				require.NoError(t, err)
				assert.Equal(t, "data\n", line)
				for _, v := range nw.Violations() {
					assert.NotContains(t, v, "stream closed")
				}
			})
		}
	}
}

func TestPeerFails(t *testing.T) {
	bubble(t, Java, func(t *testing.T, nw *Network, b *Bridge) {
		_, err := b.NewPeer(uint16(keys.P521)) // with parts of the key elsewhere
		assert.Error(t, err)
		p, err := b.NewPeer(7)
		require.NoError(t, err)
		_, err = p.Dial(t.Context(), "nobody.i2p")
		assert.ErrorContains(t, err, "INVALID_KEY")
		ctx, cancel := contextWithTimeout(t, 1)
		defer cancel()
		_, _, err = p.Accept(ctx)
		assert.ErrorIs(t, err, ctx.Err())
		b.Kill()
		_, err = b.NewPeer(7)
		assert.ErrorIs(t, err, net.ErrClosed)
		_, err = p.Dial(t.Context(), "nobody.i2p")
		assert.Error(t, err)
	})
}
