package packet

import (
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzParse reads anything: what is accepted is written again as it was, and
// nothing of it lies outside the input.
func FuzzParse(f *testing.F) {
	for _, v := range vectors(f) {
		f.Add(v.raw)
	}
	d, k := owned(f, 1)
	_, transient := owned(f, 2)
	f.Add(signed(f, Packet{Flags: SYN | FromIncluded | OfflineSignature, From: d.Bytes(), Offline: offline(k, transient, time.Unix(1, 0))}, transient))
	f.Add(make([]byte, MinLen))
	f.Fuzz(func(t *testing.T, raw []byte) {
		p, err := Parse(raw)
		if err != nil {
			require.ErrorIs(t, err, ErrMalformed)
			return
		}
		again, err := p.Append(nil)
		require.NoError(t, err)
		require.Equal(t, raw, again)
		require.Equal(t, len(raw), p.Len())
		n := 0
		for range p.Nacks.All() {
			n++
		}
		assert.LessOrEqual(t, n, MaxNacks)
		if _, _, err := p.Sender(time.Time{}); err != nil {
			assert.True(t, errors.Is(err, ErrMalformed) || errors.Is(err, ErrSignature), err)
		}
		_ = p.String()
	})
}
