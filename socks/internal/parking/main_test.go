package parking

import (
	"testing"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) {
	sweepEvery = 5 * time.Millisecond
	goleak.VerifyTestMain(m)
}
