package i2cpwire

import (
	"bytes"
	"compress/gzip"
	"runtime"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// compressed returns a payload as routers and Java I2P make it.
func compressed(t testing.TB, h Header, data []byte) []byte {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write(data)
	require.NoError(t, err)
	require.NoError(t, z.Close())
	out := b.Bytes()
	out[4], out[5], out[6], out[7] = byte(h.From>>8), byte(h.From), byte(h.To>>8), byte(h.To)
	out[8], out[9] = 2, h.Protocol
	return out
}

func TestPayload(t *testing.T) {
	h := Header{Streaming, 1234, 80}
	for _, n := range []int{0, 1, 17, 511, MaxData} {
		data := bytes.Repeat([]byte("compressible"), n/12+1)[:n]
		plain, err := AppendPayload(nil, h, data)
		require.NoError(t, err)
		require.Len(t, plain, n+PayloadOverhead)
		for _, b := range [][]byte{plain, compressed(t, h, data)} {
			got, read, err := ParsePayload(b)
			require.NoError(t, err)
			assert.Equal(t, h, got)
			assert.True(t, bytes.Equal(data, read))
		}
		z, err := gzip.NewReader(bytes.NewReader(plain))
		require.NoError(t, err)
		var out bytes.Buffer
		_, err = out.ReadFrom(z)
		require.NoError(t, err, "others can read it")
		assert.True(t, bytes.Equal(data, out.Bytes()))
	}
}

func TestPayloadRefuses(t *testing.T) {
	h := Header{Streaming, 1234, 80}
	data := []byte("some data that is long enough to be compressed, compressed, compressed")
	plain, err := AppendPayload(nil, h, data)
	require.NoError(t, err)
	for name, good := range map[string][]byte{"stored": plain, "compressed": compressed(t, h, data)} {
		for cut := range good {
			_, _, err := ParsePayload(good[:cut])
			require.ErrorIs(t, err, ErrPayload, "%s: prefix of %d bytes", name, cut)
		}
		_, _, err := ParsePayload(append(bytes.Clone(good), 0))
		require.ErrorIs(t, err, ErrPayload, "%s: a byte behind", name)
		for i := range good {
			if i >= 4 && i < payloadHeader {
				continue // ports, protocol, and what nobody reads
			}
			bad := bytes.Clone(good)
			bad[i] ^= 0x20
			_, read, err := ParsePayload(bad)
			require.True(t, err != nil || bytes.Equal(read, data), "%s: byte %d changed", name, i)
			if i >= len(good)-payloadTrailer {
				require.ErrorIs(t, err, ErrPayload, "%s: byte %d of the trailer", name, i)
			}
		}
		_, _, err = ParsePayload(slices.Insert(bytes.Clone(good), len(good)-payloadTrailer, 0))
		require.ErrorIs(t, err, ErrPayload, "%s: a byte before the trailer", name)
	}
	_, _, err = ParsePayload(compressed(t, h, make([]byte, maxInflated)))
	require.NoError(t, err)
	bomb := compressed(t, h, make([]byte, 32<<20))
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	_, _, err = ParsePayload(bomb)
	runtime.ReadMemStats(&after)
	require.ErrorIs(t, err, ErrTooLong, "a bomb")
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(1<<20), "which is not made")
}

func TestParsePayloadAllocates(t *testing.T) {
	b, err := AppendPayload(nil, Header{}, make([]byte, 1730))
	require.NoError(t, err)
	assert.Zero(t, testing.AllocsPerRun(10, func() { ParsePayload(b) }))
	out := make([]byte, 0, 2048)
	assert.Zero(t, testing.AllocsPerRun(10, func() { AppendPayload(out, Header{}, b[:1730]) }))
}
