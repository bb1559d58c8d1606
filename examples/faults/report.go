package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/dialer/samtest/leaktest"
)

// report counts what happened. Its methods may be called by several goroutines.
type report struct {
	log        *slog.Logger
	identities leaktest.Identities // of visitors and sites

	mu         sync.Mutex
	faults     map[string]int
	outcomes   map[string]int
	bytes      int64
	recoveries []time.Duration
	violations []error
}

func newReport(log *slog.Logger) *report {
	return &report{log: log, faults: map[string]int{}, outcomes: map[string]int{}}
}

// broke counts a fault.
func (r *report) broke(what string) {
	r.log.Info("fault", "what", what)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.faults[what]++
}

// went counts how something ended, and bytes that were checked.
func (r *report) went(how string, bytes int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.outcomes[how]++
	r.bytes += bytes
}

// saw checks that who calls itself name is at addr as ever, and nobody else.
func (r *report) saw(name string, addr net.Addr) {
	if err := r.identities.Saw(name, addr); err != nil {
		r.violated("%w", err)
	}
}

func (r *report) recovered(after time.Duration) {
	r.log.Info("all visitors get through", "after", after)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recoveries = append(r.recoveries, after)
}

// violated takes down what must not be.
func (r *report) violated(format string, args ...any) {
	err := fmt.Errorf(format, args...)
	r.log.Error("violation", "err", err)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.violations = append(r.violations, err)
}

func (r *report) err() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	return errors.Join(r.violations...)
}

func (r *report) print(w io.Writer) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, part := range []struct {
		title  string
		counts map[string]int
	}{{"survived", r.faults}, {"streams", r.outcomes}} {
		fmt.Fprintf(w, "%s:\n", part.title)
		for _, name := range slices.Sorted(maps.Keys(part.counts)) {
			fmt.Fprintf(w, "%8d %s\n", part.counts[name], name)
		}
	}
	fmt.Fprintf(w, "%.1f MiB were checked, %d identities seen\n", float64(r.bytes)/(1<<20), r.identities.Len())
	if n := len(r.recoveries); n > 0 {
		slices.Sort(r.recoveries)
		fmt.Fprintf(w, "all visitors got through again %d times, after %v as a rule and %v at most\n", n,
			r.recoveries[n/2].Round(time.Millisecond), r.recoveries[n-1].Round(time.Millisecond))
	}
}
