package sam

import (
	"context"
	"encoding/binary"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
)

// TestListenPacketResults: whatever the router answers, the error is typed and nothing is left.
func TestListenPacketResults(t *testing.T) {
	for result, reason := range reasons {
		synctest.Test(t, func(t *testing.T) {
			nw := samtest.NewStrict(t)
			b := nw.Start(nil)
			s := session(t, b)
			b.Inject(samtest.Fault{On: "SESSION CREATE", Result: result, Times: -1})
			_, err := s.ListenPacket(t.Context(), "udp", ":0")
			require.ErrorIs(t, err, reason, result)
			assert.Empty(t, s.packets)
			b.ClearFaults()
			packets(t, s, "udp")
		})
	}
}

func TestListenPacketRefuses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := samtest.NewStrict(t)
		b := nw.Start(&samtest.Bridge{BuildTime: time.Hour})
		s := session(t, b)
		for _, bad := range [][2]string{{"tcp", ":0"}, {"i2p", ":0"}, {"udp", ""}, {"udp", ":x"}, {"udp", "here.i2p:0"}, {"i2p-raw", "127.0.0.1:0"}} {
			_, err := s.ListenPacket(t.Context(), bad[0], bad[1])
			assert.Error(t, err, bad)
		}
		assert.Zero(t, b.Stats().Connections, "nothing was asked")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_, err := s.ListenPacket(ctx, "udp", ":0")
		assert.ErrorIs(t, err, dialer.ErrTimeout)
		time.AfterFunc(time.Second, func() { s.Close() })
		_, err = s.ListenPacket(t.Context(), "udp", ":0")
		assert.ErrorIs(t, err, dialer.ErrSessionClosed)
		_, err = s.ListenPacket(t.Context(), "udp", ":0")
		assert.ErrorIs(t, err, dialer.ErrSessionClosed)
	})
}

// TestSessionClosesItsPackets: the conns end with the Session that made them.
func TestSessionClosesItsPackets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := samtest.NewStrict(t)
		b := nw.Start(nil)
		s := session(t, b)
		a, c := packets(t, s, "udp"), packets(t, s, "i2p-raw")
		assert.Len(t, b.Sessions(), 2)
		require.NoError(t, c.Close())
		synctest.Wait()
		assert.Len(t, b.Sessions(), 1)
		require.NoError(t, s.Close())
		_, _, err := a.ReadFrom(nil)
		assert.ErrorIs(t, err, net.ErrClosed)
		synctest.Wait()
		assert.Empty(t, b.Sessions())
	})
}

// TestHostileDatagrams: lines that make no sense do not hurt the next packet, and a size that
// makes none costs no more than a new session.
func TestHostileDatagrams(t *testing.T) {
	for raw, keeps := range map[string]bool{
		"DATAGRAM RECEIVED DESTINATION=abc SIZE=3\nabc":           true,
		"DATAGRAM RECEIVED SIZE=3\nabc":                           true,
		"RAW RECEIVED SIZE=3\nabc":                                true,
		"DATAGRAM RECEIVED DESTINATION=abc SIZE=-1\n":             false,
		"DATAGRAM RECEIVED DESTINATION=abc SIZE=99999999999999\n": false,
		"DATAGRAM RECEIVED DESTINATION=abc\n":                     false,
		"DATAGRAM RECEIVED DESTINATION=abc SIZE=3 SIZE=x\nabc":    true,
		"DATAGRAM RECEIVED DESTINATION=\"abc SIZE=3\nabc":         false,
	} {
		synctest.Test(t, func(t *testing.T) {
			nw := samtest.NewStrict(t)
			one, two := nw.Start(nil), nw.Start(nil)
			a, b := packets(t, session(t, one), "udp"), packets(t, session(t, two), "udp")
			greet(t, a, b)
			two.Inject(samtest.Fault{On: "DATAGRAM RECEIVED", Raw: []byte(raw)})
			_, err := a.WriteTo([]byte("spoilt"), b.LocalAddr())
			require.NoError(t, err)
			synctest.Wait()
			if keeps {
				assert.EqualValues(t, 1, b.Stats().Malformed, raw)
			} else {
				assert.Equal(t, dialer.Down, b.Status().State, raw)
				time.Sleep(time.Minute)
			}
			greet(t, a, b)
			assert.Equal(t, keeps, two.Count("SESSION CREATE") == 1, raw)
		})
	}
}

func TestManyPeers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var r peers
		var n names
		var sent atomic.Int32
		waiting := func() (known, pending int) {
			r.mu.Lock()
			defer r.mu.Unlock()
			return len(r.known), r.pending
		}
		id, err := keys.Generate()
		require.NoError(t, err)
		b := id.Destination().Bytes()
		for i := range 3 * maxPeers {
			binary.BigEndian.PutUint32(b, uint32(i))
			d, err := keys.DestinationFromBytes(b)
			require.NoError(t, err)
			r.meet(d.Base32(), func() { sent.Add(1) })
			n.put(d.Base32(), d)
			if i%3 == 0 {
				r.heard(d.Base32())
			}
		}
		known, pending := waiting()
		assert.Equal(t, maxPeers, known)
		assert.Equal(t, maxResends, pending)
		assert.Len(t, n.known, maxNames)
		time.Sleep(time.Minute)
		assert.EqualValues(t, maxResends, sent.Load())
		_, pending = waiting()
		assert.Zero(t, pending)
		r.reset()
		known, _ = waiting()
		assert.Zero(t, known)
	})
}
