package i2cpwire

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"
)

// FuzzParse: what can be read is written again as it was, for all kinds that have one form alone.
func FuzzParseMessage(f *testing.F) {
	for _, m := range samples(f) {
		b, err := Append(nil, m)
		require.NoError(f, err)
		f.Add(b[4], b[HeaderLen:])
	}
	f.Fuzz(func(t *testing.T, kind byte, body []byte) {
		m, err := Parse(Type(kind), body)
		if err != nil {
			require.Nil(t, m)
			return
		}
		b, err := Append(nil, m)
		switch m := m.(type) {
		case GetDate: // the order of options and an empty body are lost
			return
		case CreateSession:
			require.False(t, m.Sorted() && !m.SessionConfig.Verify(true) && m.SessionConfig.Verify(false))
		case HostLookup, BandwidthLimits, SetDate, MessagePayload:
			if err == nil { // clamped, or with numbers that nobody reads
				require.Len(t, b[HeaderLen:], len(body)+boolean(len(body) == 8 && Type(kind) == TypeSetDate))
			}
			return
		case SendMessage, SendMessageExpires:
			if err != nil {
				require.ErrorIs(t, err, ErrTooLong)
				return
			}
		}
		require.NoError(t, err)
		require.Equal(t, body, b[HeaderLen:])
	})
}

func boolean(b bool) int {
	if b {
		return 1
	}
	return 0
}

func FuzzParsePayload(f *testing.F) {
	f.Add(vectors(f)["payload"])
	f.Add(compressed(f, Header{Streaming, 1, 2}, []byte("data data data data data data data")))
	f.Add(compressed(f, Header{}, make([]byte, maxInflated+1)))
	f.Fuzz(func(t *testing.T, b []byte) {
		h, data, err := ParsePayload(b)
		if err != nil || len(data) > MaxData {
			return
		}
		again, err := AppendPayload(nil, h, data)
		require.NoError(t, err)
		h2, data2, err := ParsePayload(again)
		require.NoError(t, err)
		require.Equal(t, h, h2)
		require.True(t, bytes.Equal(data, data2))
	})
}

// FuzzParseLeaseSet: what is not signed by the destination is refused, so that nothing but the seeds passes.
func FuzzParseLeaseSet(f *testing.F) {
	v := vectors(f)
	f.Add(v["leaseset"])
	f.Fuzz(func(t *testing.T, b []byte) {
		if l, err := ParseLeaseSet(b); err == nil {
			require.False(t, l.Destination.IsZero())
			require.LessOrEqual(t, len(l.Leases), MaxLeases)
		}
	})
}

// FuzzOpenEncrypted reads what is inside of an encrypted lease set, which is under no signature that a stranger could not
// make: the owner of the destination is who is not trusted here.
func FuzzOpenEncrypted(f *testing.F) {
	d := vectorIdentity(f).Destination()
	key, err := blind(d, newYear)
	require.NoError(f, err)
	sub := subcredential(d, key.public)
	input := appendSeconds(sub[:], newYear)
	f.Add([]byte{authNone}, []byte("\x03inner"))
	f.Add(append([]byte{authPSK}, make([]byte, saltLen+2+entryLen)...), []byte("\x03inner"))
	f.Add(append([]byte{authDH}, make([]byte, saltLen+2+entryLen)...), []byte("\x03inner"))
	f.Fuzz(func(t *testing.T, head, inner []byte) {
		e := EncryptedLeaseSet{Key: key.public, Published: newYear}
		e.sealed = seal("ELS2_L1K", input, append(head, seal("ELS2_L2K", input, inner)...))
		for _, client := range []ClientKey{{}, {DH: [32]byte{1}}, {PSK: [32]byte{1}}} {
			_, err := e.Open(d, client)
			require.Error(t, err)
		}
	})
}
