package i2cptest_test

import (
	"strconv"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2cptest"
)

// arrival is a message and how long it took.
type arrival struct {
	data string
	took time.Duration
}

// over sends n messages over a link, and returns what arrives within a minute.
func over(t *testing.T, l i2cptest.Link, n int, size int) []arrival {
	var got []arrival
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(&i2cptest.Router{Link: l})
		a, b := up(t, r), up(t, nw.Start(nil))
		synctest.Wait()
		start := time.Now()
		for i := range n {
			a.message(b, strconv.Itoa(i)+strings.Repeat(" ", size), 0)
		}
		require.NoError(t, b.conn.SetReadDeadline(start.Add(time.Minute)))
		for {
			m, err := b.read()
			if err != nil {
				break
			}
			got = append(got, arrival{payload(t, m), time.Since(start)})
		}
		assert.LessOrEqual(t, n-len(got), r.Stats().Lost, "nothing is lost untold")
	})
	return got
}

func TestLink(t *testing.T) {
	const n = 2000
	ordered := func(got []arrival) (ok bool) {
		last := -1
		for _, a := range got {
			i, _ := strconv.Atoi(a.data)
			if i <= last {
				return false
			}
			last = i
		}
		return true
	}
	got := over(t, i2cptest.Link{}, n, 0)
	assert.Len(t, got, n)
	assert.True(t, ordered(got))

	got = over(t, i2cptest.Link{Delay: 100 * time.Millisecond}, n, 0)
	assert.Len(t, got, n)
	assert.True(t, ordered(got))
	assert.Equal(t, 100*time.Millisecond, got[n-1].took)

	got = over(t, i2cptest.Link{Delay: 100 * time.Millisecond, Jitter: 50 * time.Millisecond}, n, 0)
	assert.Len(t, got, n)
	assert.True(t, ordered(got), "jitter alone keeps the order")
	assert.Greater(t, got[n-1].took, 140*time.Millisecond)
	assert.Less(t, got[n-1].took, 150*time.Millisecond)

	got = over(t, i2cptest.Link{Loss: 0.1}, n, 0)
	assert.InDelta(t, 0.9*n, len(got), 0.03*n)

	got = over(t, i2cptest.Link{Duplicate: 0.1}, n, 0)
	assert.InDelta(t, 1.1*n, len(got), 0.03*n)

	got = over(t, i2cptest.Link{Delay: time.Millisecond, Reorder: 0.1}, n, 0)
	assert.Len(t, got, n)
	assert.False(t, ordered(got))

	// 100 messages of about 1 kB at 10 kB/s take 10 s; of what waits for more than 50 kB the rest is lost.
	got = over(t, i2cptest.Link{Rate: 10_000, Queue: 200_000}, 100, 1000-24)
	assert.Len(t, got, 100)
	assert.InDelta(t, 10, got[99].took.Seconds(), 0.3)
	got = over(t, i2cptest.Link{Rate: 10_000, Queue: 50_000}, 100, 1000-24)
	assert.InDelta(t, 50, len(got), 3)
}
