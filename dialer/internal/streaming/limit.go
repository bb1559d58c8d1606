package streaming

// bucket allows so many events a minute, a sixth of them at once.
type bucket struct {
	tokens float64
	at     instant
	filled bool
}

func (b *bucket) take(now instant, perMinute int) bool {
	burst := max(float64(perMinute)/6, 1)
	if !b.filled {
		b.tokens, b.filled = burst, true
	}
	b.tokens = min(b.tokens+float64(perMinute)*(now-b.at).Minutes(), burst)
	b.at = now
	if b.tokens < 1 {
		return false
	}
	b.tokens--
	return true
}
