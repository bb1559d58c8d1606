package audit

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks/socks"
)

// What the zero values of an Auditor mean.
const (
	defaultSample      = 4 << 10
	maxSample          = 16 << 10 // more is not withheld by [socks.Observer]
	defaultMaxFindings = 1000
)

// ErrFatal is the error of a request or stream that was ended because of [Auditor].Fatal.
var ErrFatal = errors.New("audit: the client reveals what must not leave")

// Auditor collects findings about clients. The zero value does so and lets everything pass. Fields may be set until
// the first method call.
type Auditor struct {
	// Sample is how many of the first bytes of each direction of a stream, and of the datagrams of each association,
	// are inspected. 0 means 4 KiB; the maximum is 16 KiB. Negative means that only requests are inspected.
	Sample int
	// MaxFindings is how many findings are kept; the oldest of the least severe ones are removed. 0 means 1000.
	MaxFindings int
	// Reveal includes what was seen in findings, which may be addresses, names and credentials.
	Reveal bool
	// OnFinding, if set, is called with each new finding. It must not block, because the client waits.
	OnFinding func(Finding)
	// Fatal, if set, selects the findings that end their request, stream or association. The client's first message
	// is then withheld until it is complete, so that nothing leaves before it was inspected.
	Fatal func(Finding) bool
	// Machine is what clients must not reveal. Nil means [ThisMachine], evaluated once.
	Machine *Machine

	once   sync.Once
	traces []trace

	mu       sync.Mutex
	findings map[key]*Finding
	links    links
}

var _ interface {
	Observe(context.Context, *socks.Request) (socks.Observer, error)
} = (*Auditor)(nil)

// Observe is a function for [socks.Server].Observe. It judges the request, and returns the Observer of its stream.
// The error is a *socks.ReplyError that wraps [ErrFatal].
func (a *Auditor) Observe(_ context.Context, r *socks.Request) (socks.Observer, error) {
	a.once.Do(a.init)
	s := &stream{auditor: a, host: canonical(r.Host), identity: r.Isolation()}
	s.request(r)
	if s.fatal {
		return nil, &socks.ReplyError{Reply: socks.NotAllowed, Err: ErrFatal}
	}
	if a.sample() <= 0 {
		return nil, nil
	}
	return s, nil
}

func (a *Auditor) init() {
	m := a.Machine
	if m == nil {
		this := ThisMachine()
		m = &this
	}
	a.traces = m.traces()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.findings = make(map[key]*Finding)
	a.links = newLinks()
}

func (a *Auditor) sample() int {
	if a.Sample == 0 {
		return defaultSample
	}
	return min(a.Sample, maxSample)
}

// Findings returns the findings, the most severe first, and of these the latest first.
func (a *Auditor) Findings() []Finding {
	a.mu.Lock()
	defer a.mu.Unlock()
	all := make([]Finding, 0, len(a.findings))
	for _, f := range a.findings {
		all = append(all, *f)
	}
	slices.SortFunc(all, func(x, y Finding) int {
		return cmp.Or(cmp.Compare(y.Severity, x.Severity), y.Last.Compare(x.Last), cmp.Compare(x.Rule, y.Rule))
	})
	return all
}

// add counts a finding, and reports whether it ends what it is in.
func (a *Auditor) add(f Finding) (fatal bool) {
	f.Severity, f.Advice = f.Rule.Severity(), f.Rule.Advice()
	f.Count, f.First = 1, time.Now()
	f.Last = f.First
	fatal = a.Fatal != nil && a.Fatal(f)
	if a.count(f) && a.OnFinding != nil {
		a.OnFinding(f)
	}
	return fatal
}

// count reports whether the finding is a new one.
func (a *Auditor) count(f Finding) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	if old := a.findings[f.key()]; old != nil {
		old.Count++
		old.Last = f.Last
		return false
	}
	limit := a.MaxFindings
	if limit == 0 {
		limit = defaultMaxFindings
	}
	if len(a.findings) >= limit && !a.evict(f.Severity) {
		return false
	}
	a.findings[f.key()] = &f
	return true
}

// evict forgets the oldest of the least severe findings, unless all are more severe than the new one. The
// caller holds mu.
func (a *Auditor) evict(severity Severity) bool {
	var least *Finding
	for _, f := range a.findings {
		if least == nil || f.Severity < least.Severity || f.Severity == least.Severity && f.Last.Before(least.Last) {
			least = f
		}
	}
	if least == nil || least.Severity > severity {
		return false
	}
	delete(a.findings, least.key())
	return true
}
