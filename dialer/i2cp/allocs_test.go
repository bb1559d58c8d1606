package i2cp

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/keys"
)

// A packet costs no allocation on its way between the engine and the router, in either direction.
func TestPacketsAllocateNothing(t *testing.T) {
	peer, err := keys.Generate()
	require.NoError(t, err)
	s := &Session{}
	require.False(t, s.Addr().Destination.IsZero())
	l := &live{session: s, id: 1}
	o := streaming.Outgoing{To: peer.Destination(), Bytes: make([]byte, 1800), Useful: time.Second}
	var batch []byte
	assert.Zero(t, testing.AllocsPerRun(100, func() { batch = s.machine.message(l, batch[:0], o) }))
	assert.Greater(t, len(batch), len(o.Bytes))

	payload, err := i2cpwire.AppendPayload(nil, i2cpwire.Header{Protocol: i2cpwire.Streaming}, o.Bytes)
	require.NoError(t, err)
	in := bytes.NewReader(frame(t, i2cpwire.MessagePayload{Payload: payload}))
	w := newWireConn(nil)
	w.in.Reset(in)
	assert.Zero(t, testing.AllocsPerRun(100, func() {
		in.Seek(0, 0)
		m, err := w.read()
		if err != nil {
			panic(err)
		}
		if _, data, err := i2cpwire.ParsePayload(m.(*i2cpwire.MessagePayload).Payload); err != nil || len(data) != len(o.Bytes) {
			panic("another payload")
		}
	}))
}
