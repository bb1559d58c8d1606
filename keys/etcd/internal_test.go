package etcdkeys

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/go-i2p/i2psocks/keys"
)

func TestDeadline(t *testing.T) {
	now := time.Now()
	d := deadlineAfter(now, 30*time.Second)
	assert.False(t, d.past(now.Add(20*time.Second-1)))
	assert.True(t, d.past(now.Add(20*time.Second)))

	slept := deadline{mono: d.mono, wall: d.wall.Add(-time.Hour)} // the wall clock has gone on
	assert.True(t, slept.past(now))
	setBack := deadline{mono: d.mono, wall: d.wall.Add(time.Hour)}
	assert.True(t, setBack.past(now.Add(20*time.Second)))
}

func FuzzParseRecord(f *testing.F) {
	f.Add([]byte(record{"host", 30}.String()))
	f.Add([]byte(record{"", maxSeconds}.String()))
	for _, bad := range []string{"", "null", "{}", `{"ttl":0}`, `{"ttl":-1}`, `{"ttl":7201}`, `{"ttl":9223372036854775807}`, `{"ttl":1e30}`} {
		f.Add([]byte(bad))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRecord(b)
		if err != nil {
			assert.ErrorIs(t, err, keys.ErrMalformed)
			assert.Zero(t, r)
			return
		}
		assert.GreaterOrEqual(t, r.wait(), time.Second)
		assert.LessOrEqual(t, r.wait(), 2*maxTTL)
		again, err := parseRecord([]byte(r.String()))
		assert.NoError(t, err)
		assert.Equal(t, r.TTL, again.TTL)
	})
}
