package statuspage

import (
	"time"

	"github.com/go-i2p/i2psocks/dialer"
)

// A sample is what there was at a moment. Bytes are those of all identities since they were first seen here.
type sample struct {
	at             time.Time
	state          dialer.State
	received, sent int64
	streams        int
	identities     int
}

// moved is what one identity had moved when it was last seen.
type moved struct{ received, sent int64 }

// A history is the last samples, the oldest first. Identities come and go, and their numbers with them: only what was added since
// the sample before counts.
type history struct {
	size    int
	samples []sample
	seen    map[string]moved
	total   moved
}

// reading is a sample with what each identity has moved so far, by its key.
type reading struct {
	sample
	by map[string]moved
}

// sample reads the endpoint.
func (h *Handler) sample(now time.Time) reading {
	own, isolated := h.Endpoint.Status(), h.Endpoint.IsolatedStatus()
	r := reading{sample{at: now, state: own.State, streams: own.Streams, identities: len(isolated)}, map[string]moved{"": {own.Received, own.Sent}}}
	for _, i := range isolated {
		r.streams += i.Status.Streams
		r.by[i.Key] = moved{i.Status.Received, i.Status.Sent}
	}
	return r
}

// add takes a reading in, and drops the oldest sample if there are too many.
func (h *history) add(r reading) {
	for key, now := range r.by {
		before := h.seen[key]
		if now.received < before.received || now.sent < before.sent { // a new identity has the key
			before = moved{}
		}
		if h.seen == nil {
			before = now // what was moved before the first sample belongs to no time
		}
		h.total.received += now.received - before.received
		h.total.sent += now.sent - before.sent
	}
	h.seen = r.by
	r.received, r.sent = h.total.received, h.total.sent
	if len(h.samples) >= h.size {
		h.samples = append(h.samples[:0], h.samples[1:]...)
	}
	h.samples = append(h.samples, r.sample)
}

// A rate is bytes per second between two samples.
type rate struct {
	at             time.Time
	received, sent float64
	state          dialer.State
}

func (h *history) rates() []rate {
	var rates []rate
	for i := 1; i < len(h.samples); i++ {
		from, to := h.samples[i-1], h.samples[i]
		seconds := to.at.Sub(from.at).Seconds()
		if seconds <= 0 {
			continue // the clock was set back
		}
		rates = append(rates, rate{to.at, float64(to.received-from.received) / seconds, float64(to.sent-from.sent) / seconds, to.state})
	}
	return rates
}
