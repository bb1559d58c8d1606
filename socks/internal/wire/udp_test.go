package wire

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func datagramText(b []byte) string {
	frag, addr, data, err := ConsumeDatagram(b)
	if err != nil {
		return err.Error()
	}
	a, _, err := ConsumeAddr(addr)
	if err != nil {
		return "inconsistent: " + err.Error()
	}
	return fmt.Sprintf("%d %s %q", frag, a.text(), data)
}

func TestDatagramVectors(t *testing.T) {
	for _, v := range vectors(t, "datagrams.txt", 3) {
		assert.Equal(t, v[2], datagramText(unhex(t, v[1])), v[0])
	}
}

func TestDatagramNamesAtTheEdge(t *testing.T) {
	for _, n := range []int{1, 3, 4, 254, 255} {
		a := Addr{Name: strings.Repeat("x", n), Port: 9}
		b, err := AppendDatagramHeader(nil, a)
		require.NoError(t, err)
		assert.Equal(t, fmt.Sprintf("0 %s %q", a.text(), "data"), datagramText(append(b, "data"...)))
		for i := range b {
			assert.Equal(t, ErrMalformed.Error(), datagramText(b[:i]), "cut at %d of %d", i, len(b))
		}
		if n == 255 {
			assert.Len(t, b, MaxDatagramHeader)
		}
	}
	b, err := AppendDatagramHeader([]byte("x"), Addr{Name: strings.Repeat("x", 256)})
	assert.ErrorIs(t, err, ErrTooLong)
	assert.Equal(t, "x", string(b))
}

func TestDatagramAllocatesNothing(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	b := []byte("\x00\x00\x00\x03\x05a.i2p\x00\x50data")
	assert.Zero(t, testing.AllocsPerRun(100, func() { ConsumeDatagram(b) }))
}
