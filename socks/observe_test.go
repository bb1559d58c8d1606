package socks

import (
	"errors"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script is an Observer that does what a test wants.
type script struct {
	sent     func(b []byte, end bool) (hold, more bool, err error)
	received func(b []byte) bool
}

func (s script) Sent(b []byte, end bool) (bool, bool, error) { return s.sent(b, end) }
func (s script) Received(b []byte) bool                      { return s.received(b) }
func (s script) Datagram(string, []byte) (bool, error)       { return false, nil }

func TestObserverSeesTheBeginning(t *testing.T) {
	for _, network := range []string{"tcp", "mem", "unix"} {
		t.Run(network, func(t *testing.T) {
			var sent, received strings.Builder
			o := script{
				sent: func(b []byte, _ bool) (bool, bool, error) {
					sent.Write(b)
					return false, sent.Len() < 10, nil
				},
				received: func(b []byte) bool {
					received.Write(b)
					return received.Len() < 10
				},
			}
			near, client := pairs[network](t)
			far, peer := pairs[network](t)
			done := start(t.Context(), near, far, "early", relayOptions{Observer: o, ReadAhead: 1 << 20})
			ask := "early" + strings.Repeat("question", 10_000)
			go func() {
				io.WriteString(client, ask[len("early"):])
				client.(halfCloser).CloseWrite()
			}()
			got, err := io.ReadAll(peer)
			require.NoError(t, err)
			assert.Equal(t, ask, string(got))
			answer := strings.Repeat("answer", 10_000)
			go func() {
				io.WriteString(peer, answer)
				peer.Close()
			}()
			got, err = io.ReadAll(client)
			require.NoError(t, err)
			assert.Equal(t, answer, string(got))
			require.NoError(t, (<-done).err)
			assert.GreaterOrEqual(t, sent.Len(), 10)
			assert.Less(t, sent.Len(), 5000)
			assert.True(t, strings.HasPrefix(ask, sent.String()))
			assert.True(t, strings.HasPrefix(answer, received.String()))
			assert.Less(t, received.Len(), 5000)
		})
	}
}

func TestObserverWithholds(t *testing.T) {
	parts := make(chan string, 100)
	o := script{
		sent: func(b []byte, end bool) (bool, bool, error) {
			parts <- string(b)
			return !strings.HasSuffix(string(b), "\n"), true, nil
		},
		received: func([]byte) bool { return false },
	}
	near, client := pairs["tcp"](t)
	far, peer := pairs["tcp"](t)
	done := start(t.Context(), near, far, "", relayOptions{Observer: o})
	io.WriteString(client, "half a li")
	assert.Equal(t, "half a li", <-parts)
	io.WriteString(client, "ne\n")
	buf := make([]byte, 100)
	n, err := peer.Read(buf)
	require.NoError(t, err)
	assert.Equal(t, "half a line\n", string(buf[:n]), "in one piece, since the first half was withheld")

	go io.WriteString(client, strings.Repeat("x", 2*maxHeld))
	n, err = io.ReadAtLeast(peer, make([]byte, 2*maxHeld), maxHeld)
	require.NoError(t, err, "no more is withheld than that")
	assert.Greater(t, n, 0)
	client.Close()
	peer.Close()
	<-done
}

func TestObserverEndsTheStream(t *testing.T) {
	refusal := errors.New("not this")
	o := script{
		sent:     func([]byte, bool) (bool, bool, error) { return false, false, refusal },
		received: func([]byte) bool { return true },
	}
	near, client := pairs["tcp"](t)
	far, peer := pairs["tcp"](t)
	done := start(t.Context(), near, far, "", relayOptions{Observer: o})
	io.WriteString(client, "secret")
	require.ErrorIs(t, (<-done).err, refusal)
	near.Close()
	far.Close()
	got, err := io.ReadAll(peer)
	require.NoError(t, err)
	assert.Empty(t, got)
}
