package i2pnet

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// SessionOptions are the options of SESSION CREATE that suit tests: a session that is found as
// soon as it stands.
const SessionOptions = "SIGNATURE_TYPE=7 i2cp.leaseSetEncType=4" +
	" inbound.length=0 outbound.length=0 inbound.quantity=1 outbound.quantity=1"

const startTimeout = time.Minute // a start takes a fraction of a second

// Require returns a network of the test's own, which ends with the test. It skips the
// test if the machine lacks something, or fails it if I2PSOCKS_REQUIRE_ROUTER=1 is set. If
// c.I2PD is empty, I2PSOCKS_I2PD_DIR counts.
func Require(tb testing.TB, c Config) *Network {
	tb.Helper()
	n, err := start(c)
	demand(tb, err)
	tb.Cleanup(func() {
		if err := n.Close(); err != nil {
			tb.Error(err)
		}
	})
	return n
}

// Shared is one network for all the tests of a package, started by the first that requires it.
// The zero value is the default network. Its methods may be called from several goroutines at once.
type Shared struct {
	// Config must not be changed after the first Require.
	Config Config

	once    sync.Once
	network *Network
	err     error
	mu      sync.Mutex // held while routers are started
}

// Require returns the network, with all its routers running: those that a test has killed are started again, as are, at any
// time, those that crash, since tests would wait for them in vain. It skips or fails as the function [Require] does.
func (s *Shared) Require(tb testing.TB) *Network {
	tb.Helper()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.once.Do(func() {
		c := s.Config
		c.crashed = s.revive
		s.network, s.err = start(c)
	})
	demand(tb, s.err)
	for i := range s.network.Len() {
		if s.network.Running(i) {
			continue
		}
		tb.Logf("i2pnet: router %d has ended; starting it again", i)
		demand(tb, s.network.Restart(tb.Context(), i))
	}
	return s.network
}

// revive starts a router again that has crashed.
func (s *Shared) revive(i int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.network == nil || s.network.Running(i) {
		return
	}
	fmt.Fprintf(os.Stderr, "i2pnet: router %d has crashed; starting it again\n", i)
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	if err := s.network.Restart(ctx, i); err != nil && !errors.Is(err, net.ErrClosed) {
		fmt.Fprintln(os.Stderr, err)
	}
}

// Main returns an m for [testing.M.Run] or goleak.VerifyTestMain that closes the network behind the tests.
func (s *Shared) Main(m interface{ Run() int }) interface{ Run() int } {
	return runner(func() int {
		code := m.Run()
		if s.network == nil {
			return code
		}
		if err := s.network.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			return max(code, 1)
		}
		return code
	})
}

type runner func() int

func (r runner) Run() int { return r() }

func start(c Config) (*Network, error) {
	if c.I2PD == "" {
		c.I2PD = os.Getenv("I2PSOCKS_I2PD_DIR")
	}
	ctx, cancel := context.WithTimeout(context.Background(), startTimeout)
	defer cancel()
	return Start(ctx, c)
}

// demand ends the test unless err is nil.
func demand(tb testing.TB, err error) {
	tb.Helper()
	switch {
	case err == nil:
	case errors.Is(err, ErrMissing) && os.Getenv("I2PSOCKS_REQUIRE_ROUTER") != "1":
		tb.Skip(err)
	default:
		tb.Fatal(err)
	}
}
