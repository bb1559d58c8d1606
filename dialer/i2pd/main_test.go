package i2pd_test

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// TestMain plays the parts of the other processes too: i2pd, which is known by its arguments, and a host.
func TestMain(m *testing.M) {
	switch how := os.Getenv("I2PD_TEST_HOST"); {
	case len(os.Args) > 1 && strings.HasPrefix(os.Args[1], "--datadir="):
		fmt.Println(fake(os.Args[1:]))
		os.Exit(3)
	case how != "":
		host(how)
	default:
		goleak.VerifyTestMain(m)
	}
}
