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
	recoveries map[string][]time.Duration // by who
	letOffs    map[string]int             // visits that were not waited for any longer, by who
	longest    time.Duration              // without a visit of one who goes on trying
	violations []error
}

func newReport(log *slog.Logger) *report {
	return &report{log: log, faults: map[string]int{}, outcomes: map[string]int{}, recoveries: map[string][]time.Duration{}, letOffs: map[string]int{}}
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

// recovered takes down that who is meant gets through.
func (r *report) recovered(who string, after time.Duration) {
	r.log.Info("they get through", "who", who, "after", after)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.recoveries[who] = append(r.recoveries[who], after)
}

// letOff takes down how many visits are not waited for any longer, as routers fail by themselves again and again.
func (r *report) letOff(who string, visits int) {
	r.log.Warn("let off", "who", who, "visits", visits)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.letOffs[who] += visits
}

// waited takes down how long a visitor did not get to a site.
func (r *report) waited(visitor, site string, gap time.Duration) {
	if gap > time.Minute {
		r.log.Info("gets through again", "visitor", visitor, "site", site, "after", gap)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.longest = max(r.longest, gap)
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
	for _, who := range slices.Sorted(maps.Keys(r.recoveries)) {
		times := slices.Sorted(slices.Values(r.recoveries[who]))
		n := len(times)
		fmt.Fprintf(w, "%s got through again %d times, after %v as a rule and %v at most\n", who, n,
			times[n/2].Round(time.Millisecond), times[n-1].Round(time.Millisecond))
	}
	for _, who := range slices.Sorted(maps.Keys(r.letOffs)) {
		fmt.Fprintf(w, "%s were let off %d visits, as routers went on failing by themselves\n", who, r.letOffs[who])
	}
	fmt.Fprintf(w, "nobody had to try for longer than %v\n", r.longest.Round(time.Millisecond))
}
