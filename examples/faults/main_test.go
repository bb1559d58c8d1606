package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// TestFaults is a short run, through each door.
func TestFaults(t *testing.T) {
	for _, door := range []string{"sam", "i2cp"} {
		t.Run(door, func(t *testing.T) {
			var out bytes.Buffer
			err := run(t.Context(), []string{"-quick", "-visitors", "1", "-door", door}, &out, t.Output())
			t.Log(out.String())
			require.NoError(t, err)
			assert.Regexp(t, `\d+ whole`, out.String())
			assert.Contains(t, out.String(), "all visitors got through again")
		})
	}
}

// TestFaultsOnRouters is a short run on real routers. Some of them do not find each other again after a crash, which is
// not for this test to judge; all else is.
func TestFaultsOnRouters(t *testing.T) {
	nw := i2pnet.Require(t, i2pnet.Config{Links: func(int, int) i2pnet.Link { return i2pnet.Link{} }}) // skips where it cannot be
	require.NoError(t, nw.Close())
	var out bytes.Buffer
	err := run(t.Context(), []string{"-routers", "-i2pd", os.Getenv("I2PSOCKS_I2PD_DIR"), "-time", "5s", "-visitors", "1", "-recovery", "2m", "-memory", "-1s"}, &out, t.Output())
	t.Log(out.String())
	violations := []error{err}
	if all, ok := err.(interface{ Unwrap() []error }); ok {
		violations = all.Unwrap()
	}
	for _, err := range violations {
		if !errors.Is(err, errCrashed) {
			assert.NoError(t, err)
		}
	}
	assert.Regexp(t, `\d+ whole`, out.String())
}

func TestCommandLine(t *testing.T) {
	assert.ErrorIs(t, run(t.Context(), []string{"-h"}, io.Discard, io.Discard), flag.ErrHelp)
	assert.ErrorContains(t, run(t.Context(), []string{"-door", "back"}, io.Discard, io.Discard), "back")
}

func quiet() *report { return newReport(slog.New(slog.DiscardHandler)) }

// TestIdentitiesAreChecked: who is seen under two names, or as somebody else, is found.
func TestIdentitiesAreChecked(t *testing.T) {
	r := quiet()
	r.saw("alice", dialer.Addr{Host: "a.b32.i2p"})
	r.saw("bob", dialer.Addr{Host: "b.b32.i2p"})
	r.saw("alice", dialer.Addr{Host: "a.b32.i2p"})
	assert.NoError(t, r.err())
	r.saw("alice", dialer.Addr{Host: "c.b32.i2p"})
	assert.ErrorContains(t, r.err(), "alice has two")
	r = quiet()
	r.saw("alice", dialer.Addr{Host: "a.b32.i2p"})
	r.saw("bob", dialer.Addr{Host: "a.b32.i2p"})
	assert.ErrorContains(t, r.err(), "alice and bob are one")
}

// meet is one exchange over a connection whose bytes to the visitor go through change.
func meet(t *testing.T, o order, change func([]byte)) (visitor, site error) {
	ours, theirs := net.Pipe()
	ended := make(chan error, 1)
	go func() {
		defer theirs.Close()
		r := bufio.NewReader(theirs)
		got, err := readOrder(r)
		if err == nil {
			assert.Equal(t, o, got)
			_, err = answer(theirs, o, r)
		}
		ended <- err
	}()
	_, visitor = ask(changed{ours, change}, o, -1)
	return visitor, <-ended
}

type changed struct {
	net.Conn
	change func([]byte)
}

func (c changed) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.change(p[:n])
	return n, err
}

// TestBytesAreChecked: one bit is enough.
func TestBytesAreChecked(t *testing.T) {
	o := order{nonce: 5, up: 70000, down: 50000, visitor: "alice", site: "host1"}
	visitor, site := meet(t, o, func([]byte) {})
	assert.NoError(t, visitor)
	assert.NoError(t, site)
	for _, at := range []int{0, 1, 49999, 50000} {
		seen := 0
		visitor, _ = meet(t, o, func(p []byte) {
			if n := at - seen; n >= 0 && n < len(p) {
				p[n] ^= 1
			}
			seen += len(p)
		})
		assert.ErrorIs(t, visitor, errWrong, at)
	}
}

// TestOrders: what was cut is not wrong, and what was changed is.
func TestOrders(t *testing.T) {
	whole := order{nonce: 5, up: 7, down: 5, visitor: "alice", site: "host1"}.append(nil)
	for n := range whole {
		_, err := readOrder(bytes.NewReader(whole[:n]))
		assert.Error(t, err, n)
		assert.NotErrorIs(t, err, errWrong, n)
	}
	for n := range whole {
		changed := bytes.Clone(whole)
		changed[n] ^= 1
		_, err := readOrder(io.MultiReader(bytes.NewReader(changed), strings.NewReader(strings.Repeat("x", 600))))
		assert.ErrorIs(t, err, errWrong, n)
	}
}

// TestNoRecovery: visitors that do not get through are found, and those whose routers fail again and again are let off in the end.
func TestNoRecovery(t *testing.T) {
	const bound = time.Minute
	never := func(int) bool { return false }
	first := func(host int) bool { return host == 0 }
	for name, c := range map[string]struct {
		failing func(after time.Duration) []int // hosts
		crashed func(host int) bool
		after   time.Duration
		errs    []error
	}{
		"sound":               {func(time.Duration) []int { return nil }, never, bound, []error{errLost}},
		"had crashed":         {func(time.Duration) []int { return nil }, first, bound, []error{errLost, errCrashed}},
		"fails once":          {func(d time.Duration) []int { return []int{0}[min(1, d/(bound/2)):] }, first, bound * 3 / 2, []error{errLost, errCrashed}},
		"fails again":         {func(time.Duration) []int { return []int{0} }, first, 2 * bound, nil},
		"the other one fails": {func(time.Duration) []int { return []int{2} }, first, bound, []error{errLost, errCrashed}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := quiet()
				l := &load{report: r}
				for i := range 3 {
					l.hosts = append(l.hosts, &host{load: l, number: i, name: fmt.Sprint("host", i)})
				}
				l.hosts[0].life = &life{visitors: []*visitor{{host: l.hosts[0], name: "alice", visits: map[*host]time.Time{l.hosts[2]: time.Now().Add(1)}}}}
				begin := time.Now()
				heal := func(context.Context) ([]int, error) { return c.failing(time.Since(begin)), nil }
				l.recovered(t.Context(), "after a fault", bound, &network{heal: heal, crashed: c.crashed})
				assert.InDelta(t, c.after, time.Since(begin), float64(2*time.Second))
				if c.errs == nil {
					assert.NoError(t, r.err())
					assert.Equal(t, map[string]int{"all visitors": 1}, r.letOffs)
					return
				}
				assert.ErrorContains(t, r.err(), "after a fault, [alice to host1] do not get through in 1m")
				for _, err := range []error{errLost, errCrashed} {
					assert.Equal(t, slices.Contains(c.errs, err), errors.Is(r.err(), err), err)
				}
			})
		})
	}
}
