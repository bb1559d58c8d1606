package statuspage

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func at(second int, state dialer.State, by map[string]moved) reading {
	return reading{sample{at: start.Add(time.Duration(second) * time.Second), state: state}, by}
}

// TestHistory: identities that come and go make the throughput neither negative nor too high.
func TestHistory(t *testing.T) {
	h := history{size: 4}
	h.add(at(0, dialer.Up, map[string]moved{"": {1000, 10}}))
	h.add(at(1, dialer.Up, map[string]moved{"": {1100, 10}, "a": {50, 5}}))
	h.add(at(2, dialer.Up, map[string]moved{"": {1100, 10}}))               // a was retired
	h.add(at(3, dialer.Up, map[string]moved{"": {1100, 10}, "a": {20, 0}})) // its key has another identity
	got := h.rates()
	require.Len(t, got, 3)
	assert.Equal(t, []float64{150, 0, 20}, []float64{got[0].received, got[1].received, got[2].received})
	assert.Equal(t, []float64{5, 0, 0}, []float64{got[0].sent, got[1].sent, got[2].sent})

	h.add(at(4, dialer.Up, map[string]moved{"": {1200, 10}, "a": {30, 0}}))
	h.add(at(5, dialer.Up, map[string]moved{"": {1300, 10}, "a": {10, 0}})) // replaced between two samples
	got = h.rates()
	require.Len(t, got, 3, "bounded")
	assert.Len(t, h.samples, 4)
	assert.Equal(t, []float64{20, 110, 110}, []float64{got[0].received, got[1].received, got[2].received})

	h.add(at(3, dialer.Up, nil)) // a clock that was set back
	for _, r := range h.rates() {
		assert.False(t, r.received < 0)
	}
}

func TestChart(t *testing.T) {
	assert.Nil(t, draw(nil, time.Second, 10))
	rates := []rate{
		{at: start, received: 0, sent: 0, state: dialer.Up}, {at: start.Add(time.Second), received: 8192, sent: 4096, state: dialer.Down},
		{at: start.Add(2 * time.Second), received: 2048, sent: 0, state: dialer.Up},
	}
	c := draw(rates, time.Second, 3)
	assert.Equal(t, "0.0,160.0 360.0,0.0 720.0,120.0", c.Received)
	assert.Equal(t, "0.0,160.0 360.0,80.0 720.0,160.0", c.Sent)
	assert.Equal(t, []strip{{0, 360, "good", "up"}, {360, 360, "bad", "down"}}, c.States)
	assert.Equal(t, "8.00 KiB/s", c.Levels[4].Text)
	assert.Equal(t, "Now 2.00 KiB/s received and 0 B/s sent; the highest in the last 2 s was 8.00 KiB/s.", c.Summary)
	assert.NotContains(t, draw(rates[:1], time.Second, 3).Received, "NaN")
	assert.Equal(t, "4.00 KiB/s", draw(rates[:1], time.Second, 3).Levels[4].Text, "a scale of nothing is none of noise")
}

func TestTexts(t *testing.T) {
	for n, want := range map[float64]string{0: "0 B", 999: "999 B", 1000: "0.98 KiB", 1024: "1.00 KiB", 10 << 10: "10.0 KiB", 500 << 10: "500 KiB", 3 << 40: "3.00 TiB"} {
		assert.Equal(t, want, bytesText(n))
	}
	for d, want := range map[time.Duration]string{0: "just now", -time.Hour: "just now", 59 * time.Second: "59 s ago", 90 * time.Minute: "1 h ago", 72 * time.Hour: "3 days ago"} {
		assert.Equal(t, want, ago(start, start.Add(d)))
	}
	assert.Empty(t, ago(time.Time{}, start))
	assert.False(t, strings.Contains(plural(1, "name"), "names"))
}
