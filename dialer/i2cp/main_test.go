package i2cp_test

import (
	"testing"

	"go.uber.org/goleak"

	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

// routers are for all tests that leave them alone.
var routers i2pnet.Shared

func TestMain(m *testing.M) { goleak.VerifyTestMain(routers.Main(m)) }
