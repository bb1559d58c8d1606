package i2cp

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/internal/datagram"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
	"github.com/go-i2p/i2psocks/keys"
)

// What anybody can send in the name of a peer is no answer of that peer's, but to what cannot have a surer one.
func TestForgedIsNoAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		kind  datagram.Kind
		forge func(t *testing.T, b *Session) []byte
		lets  []string // networks
	}{
		"raw":           {datagram.Raw, func(*testing.T, *Session) []byte { return []byte("anything") }, []string{"i2p-raw"}},
		"raw to nobody": {datagram.Raw, func(*testing.T, *Session) []byte { return []byte("anything") }, nil},
		"datagram3": {datagram.Datagram3, func(_ *testing.T, b *Session) []byte {
			hash := b.Addr().Destination.Hash()
			return append(hash[:], 0, 3, 'x')
		}, []string{"i2p-datagram3", "i2p-raw"}},
		"datagram1 without a signature": {datagram.Datagram1, func(_ *testing.T, b *Session) []byte {
			return append(b.Addr().Destination.Bytes(), make([]byte, 65)...)
		}, nil},
		"datagram1 to somebody else": {datagram.Datagram1, func(t *testing.T, b *Session) []byte {
			data, err := datagram.Append(nil, datagram.Datagram1, b.signer, [32]byte{}, []byte("x"))
			require.NoError(t, err)
			return data
		}, []string{"i2p-datagram", "i2p-datagram2", "i2p-datagram3", "i2p-raw"}},
		"datagram2 to somebody else": {datagram.Datagram2, func(t *testing.T, b *Session) []byte {
			data, err := datagram.Append(nil, datagram.Datagram2, b.signer, [32]byte{}, []byte("x"))
			require.NoError(t, err)
			return data
		}, nil},
		"datagram2 to whomever": {datagram.Datagram2, func(t *testing.T, b *Session) []byte {
			data, err := datagram.Append(nil, datagram.Datagram2, b.signer, b.machine.hash, []byte("x"))
			require.NoError(t, err)
			return data
		}, []string{"i2p-datagram", "i2p-datagram2", "i2p-datagram3", "i2p-raw"}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				nw, a, b := strangers(t, i2cptest.I2PD256)
				c := on(t, nw.Start(&i2cptest.Router{Kind: i2cptest.I2PD256}))
				to := b.Addr()
				to.Port = 1
				d := to.Destination
				a.machine.mu.Lock()
				require.Equal(t, streaming.First, a.machine.engine.Turn(time.Now(), d, streaming.Proven)) // as if a stream were called
				a.machine.mu.Unlock()
				for _, network := range networks[1:] {
					_, err := packetConn(t, a, network, ":1").WriteTo([]byte("hello"), to)
					require.NoError(t, err)
				}
				hostile := packetConn(t, c, "i2p-raw", ":1")
				h := i2cpwire.Header{Protocol: uint8(tt.kind), From: 1, To: 1}
				if name == "raw to nobody" {
					h.To = 9
				}
				payload, err := i2cpwire.AppendPayload(nil, h, tt.forge(t, b))
				require.NoError(t, err)
				require.NoError(t, hostile.send(t.Context(), a.Addr().Destination, payload))
				time.Sleep(5 * time.Second)
				a.machine.mu.Lock()
				defer a.machine.mu.Unlock()
				assert.False(t, a.machine.engine.Met(time.Now(), d), "streams wait")
				var held []datagram.Kind
				for _, w := range a.machine.held.of(d) {
					held = append(held, w.p.kind)
				}
				var want []datagram.Kind
				for _, network := range networks[1:] {
					if !slices.Contains(tt.lets, network) {
						want = append(want, kinds[network])
					}
				}
				assert.Equal(t, want, held)
			})
		})
	}
}

// A flood for a peer that does not answer takes no room from what waits for others.
func TestHeldIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw, a, b := strangers(t, i2cptest.I2PD256)
		silent := on(t, nw.Start(nil))
		require.NoError(t, silent.Up(t.Context()))
		flood, out, in := packetConn(t, a, "udp", ":1"), packetConn(t, a, "udp", ":2"), packetConn(t, b, "udp", ":2")
		to := silent.Addr()
		to.Port = 1
		for range 65 {
			_, err := flood.WriteTo(make([]byte, 60_000), to)
			require.NoError(t, err)
		}
		for i := range 20 {
			_, err := out.WriteTo(fmt.Append(nil, i), in.LocalAddr())
			require.NoError(t, err)
		}
		assert.Zero(t, out.Stats().Unanswered)
		assert.NotZero(t, flood.Stats().Unanswered)
		a.machine.mu.Lock()
		assert.LessOrEqual(t, a.machine.held.size, 1<<20)
		assert.GreaterOrEqual(t, len(a.machine.held.of(silent.Addr().Destination)), 15, "what room is left is the flood's")
		a.machine.mu.Unlock()
		for i := range 20 {
			data, from := receive(t, in)
			assert.Equal(t, fmt.Sprint(i), data)
			_, err := in.WriteTo([]byte("heard"), from)
			require.NoError(t, err)
		}
	})
}

// Some datagrams wait for a peer; the rest is dropped and counted.
func TestHeldForOne(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, b := strangers(t, i2cptest.I2PD256)
		out := packetConn(t, a, "udp", ":1")
		for range 1 + maxHeld + 5 { // one goes, and some wait for its answer
			_, err := out.WriteTo([]byte("x"), dialer.AddrOf(b.Addr().Destination, 1))
			require.NoError(t, err)
		}
		assert.EqualValues(t, 5, out.Stats().Unanswered)
	})
}

// Datagrams for more peers than are remembered wait in bounded room, and are not sent before their time.
func TestHeldForMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, a, _ := strangers(t, i2cptest.I2PD256)
		out := packetConn(t, a, "udp", ":1")
		const peers = 1500
		for range peers {
			d, err := keys.Generate()
			require.NoError(t, err)
			for range 2 {
				_, err = out.WriteTo([]byte("x"), dialer.AddrOf(d.Destination(), 1))
				require.NoError(t, err)
			}
		}
		a.machine.mu.Lock()
		defer a.machine.mu.Unlock()
		assert.LessOrEqual(t, len(a.machine.held.peers), 1025)
		assert.LessOrEqual(t, a.machine.held.size, 1<<20)
	})
}
