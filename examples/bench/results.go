package main

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"time"
)

// sample is one thing that was measured once.
type sample struct {
	relay, metric  string
	streams, round int // streams is 0 where it says nothing
	value          float64
}

// results are what was measured, on which machine, and what there is to say about it.
type results struct {
	header  []string
	notes   []string
	samples []sample
}

func newResults(s *settings) *results {
	processor, kernel, load := system()
	via := "a SAM bridge in memory"
	switch {
	case s.router != "":
		via = "the SAM bridge of a router"
	case s.via == "tcp":
		via = "TCP, past I2P"
	}
	return &results{header: []string{
		time.Now().UTC().Format("2006-01-02 15:04 MST") + ", load " + load + " before it began",
		fmt.Sprintf("%s, %d cores; %s; %s", processor, runtime.NumCPU(), kernel, runtime.Version()),
		fmt.Sprintf("over %s; %v and %d MiB at a time, in %d turns; streams idle for %v", via, s.time, s.mebibytes, s.rounds, s.settle),
	}}
}

func (r *results) add(relay, metric string, streams, round int, value float64) {
	r.samples = append(r.samples, sample{relay, metric, streams, round, value})
}

// note adds what must be said once.
func (r *results) note(format string, args ...any) {
	if text := fmt.Sprintf(format, args...); !slices.Contains(r.notes, text) {
		r.notes = append(r.notes, strings.Join(strings.Fields(text), " "))
	}
}

// spread are the least, the middle and the most of some values.
type spread struct{ min, median, max float64 }

// spread returns what was measured of a relay; it is false if nothing was.
func (r *results) spread(relay string, row row) (s spread, ok bool) {
	var values []float64
	for _, m := range r.samples {
		if m.relay == relay && m.metric == row.metric && m.streams == row.streams {
			values = append(values, m.value)
		}
	}
	if len(values) == 0 {
		return spread{}, false
	}
	slices.Sort(values)
	n := len(values)
	return spread{values[0], (values[(n-1)/2] + values[n/2]) / 2, values[n-1]}, true
}

// row is what one row of the table is about.
type row struct {
	metric  string
	streams int
}

// units are those of the metrics.
var units = map[string]string{
	"connect, p50": "µs", "connect, p99": "µs", "connects": "1/s", "CPU per connect": "µs",
	"download": "MiB/s", "upload": "MiB/s", "CPU of download": "ms/GiB", "CPU of upload": "ms/GiB",
	"memory per idle stream": "KiB", "descriptors per idle stream": "",
	"dials that wait": "", "memory per waiting dial": "KiB", "descriptors per waiting dial": "",
}

func (w row) String() string {
	s := w.metric
	switch {
	case w.streams == 1:
		s += ", 1 stream"
	case w.streams > 1:
		s += fmt.Sprintf(", %d streams", w.streams)
	}
	if unit := units[w.metric]; unit != "" {
		s += ", " + unit
	}
	return s
}

// rows returns all that was measured, in the order in which it was first.
func (r *results) rows() (rows []row) {
	for _, m := range r.samples {
		if w := (row{m.metric, m.streams}); !slices.Contains(rows, w) {
			rows = append(rows, w)
		}
	}
	slices.SortStableFunc(rows, func(a, b row) int { return order(a) - order(b) })
	return rows
}

// metrics in the order of the table. Those about streams stand together.
var metrics = []string{"connect, p50", "connect, p99", "connects", "CPU per connect", "download", "upload", "CPU of download", "CPU of upload",
	"memory per idle stream", "descriptors per idle stream", "dials that wait", "memory per waiting dial", "descriptors per waiting dial"}

func order(w row) int { return slices.Index(metrics, w.metric)<<20 + w.streams }

// relays returns the names of those that were measured.
func (r *results) relays() (names []string) {
	for _, name := range relayNames {
		if slices.ContainsFunc(r.samples, func(m sample) bool { return m.relay == name }) {
			names = append(names, name)
		}
	}
	return names
}
