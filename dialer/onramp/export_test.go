package onramp

import "time"

// SetSettle sets how long an identity rests after its session. It returns how long that was.
func SetSettle(d time.Duration) (was time.Duration) {
	was, settle = settle, d
	return was
}
