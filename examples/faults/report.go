package main

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"
)

// report counts what happened. Its methods may be called by several goroutines.
type report struct {
	log *slog.Logger

	mu         sync.Mutex
	faults     map[string]int
	outcomes   map[string]int
	bytes      int64
	hosts      map[string]string // of visitors and sites, by base32 name
	names      map[string]string // the other way round
	recoveries []time.Duration
	violations []error
}

func newReport(log *slog.Logger) *report {
	return &report{log: log, faults: map[string]int{}, outcomes: map[string]int{}, hosts: map[string]string{}, names: map[string]string{}}
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

// saw checks that who calls itself name has the base32 name host, as ever, and that nobody else has.
func (r *report) saw(name, host string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if other, ok := r.names[host]; ok && other != name {
		r.violations = append(r.violations, fmt.Errorf("%s and %s have one identity", other, name))
	}
	if other, ok := r.hosts[name]; ok && other != host {
		r.violations = append(r.violations, fmt.Errorf("%s has two identities", name))
	}
	r.names[host], r.hosts[name] = name, host
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
	fmt.Fprintf(w, "%.1f MiB were checked, %d identities seen\n", float64(r.bytes)/(1<<20), len(r.names))
	if n := len(r.recoveries); n > 0 {
		slices.Sort(r.recoveries)
		fmt.Fprintf(w, "all visitors got through again %d times, after %v as a rule and %v at most\n", n,
			r.recoveries[n/2].Round(time.Millisecond), r.recoveries[n-1].Round(time.Millisecond))
	}
}
