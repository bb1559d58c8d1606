package statuspage

import (
	"cmp"
	"context"
	"fmt"
	"html/template"
	"maps"
	"slices"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/audit"
)

// How many rows the page has: what is more is counted.
const (
	maxIdentities = 50
	maxFindings   = 50
)

// A view is what the template shows.
type view struct {
	Style    template.CSS
	Now      string
	Reload   int // seconds; 0 for a page that stays
	Reveal   bool
	Name     string
	Address  string
	Session  session
	Totals   []fact
	Chart    *chart
	Ports    []port
	Isolated isolated
	Reasons  []counting
	Refused  int
	Last     []refusal
	Audited  bool
	Findings []audit.Finding
	MoreFind int
	Router   []fact
	Names    []fact
	Keys     []fact
}

// A fact is a name with a value.
type fact struct {
	Name, Value string
	Bad         bool
}

type session struct {
	State string
	Class string // of its colour
	For   string // how long
	Text  string // what it means for the user
}

type port struct {
	Listener string
	Done     bool
	socks.Status
	Received, Sent string
}

type isolated struct {
	Count, More int
	States      []counting
	Rows        []identity
}

type identity struct {
	Number         int
	State, Class   string
	Uses, Streams  int
	Used           string
	Received, Sent string
	Fault          string
}

type counting struct {
	Text, Class string
	Count       int
	Leak        bool
}

// view looks at everything once.
func (h *Handler) view(ctx context.Context, paused bool) *view {
	now := time.Now()
	own, all := h.Endpoint.Status(), h.Endpoint.IsolatedStatus()
	v := &view{Style: template.CSS(styleText), Now: now.UTC().Format("2006-01-02 15:04:05 UTC"), Reveal: h.Reveal,
		Session: h.session(own, now), Isolated: h.isolated(all, now), Audited: h.Auditor != nil,
		Router: h.router(own, now), Names: h.names(), Keys: h.keyStore(ctx)}
	if !paused {
		v.Reload = int(h.every().Seconds())
	}
	if h.Reveal {
		v.Name = orElse(h.Endpoint.Name, "default")
		if own.State == dialer.Up {
			v.Address = h.Endpoint.Addr().Host
		}
	}
	if h.Auditor != nil {
		v.Findings = h.findings()
		v.MoreFind = max(len(v.Findings)-maxFindings, 0)
		v.Findings = v.Findings[:len(v.Findings)-v.MoreFind]
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	v.Chart = draw(h.history.rates(), h.every(), h.history.size)
	v.Ports = h.portList()
	v.Reasons, v.Refused = h.refusals.table()
	v.Last = slices.Clone(h.refusals.last)
	v.Totals = totals(own, all, v.Ports)
	return v
}

func (h *Handler) session(s dialer.Status, now time.Time) session {
	text := map[dialer.State]string{
		dialer.Idle:     "Not started. The first use starts it.",
		dialer.Starting: "Building tunnels, which takes a minute or two.",
		dialer.Up:       "Ready.",
		dialer.Down:     "The router is not available. The session reconnects by itself and keeps its identity.",
		dialer.Closed:   "Closed by the program.",
	}[s.State]
	one := session{State: s.State.String(), Class: classOf(s.State), Text: text}
	if !s.Since.IsZero() {
		one.For = spanText(now.Sub(s.Since))
	}
	if s.State == dialer.Idle && s.Err != nil {
		one.Class, one.For = "bad", ""
		one.Text = "The last start failed: " + h.fault(s.Err) + ". The next use tries again."
	}
	return one
}

// fault says what an error is. Its own text may tell addresses and names.
func (h *Handler) fault(err error) string {
	switch {
	case err == nil:
		return ""
	case h.Reveal:
		return err.Error()
	}
	return orElse(faultOf(err), "unknown error, see the log")
}

func (h *Handler) isolated(all []dialer.IsolatedStatus, now time.Time) isolated {
	slices.SortFunc(all, func(a, b dialer.IsolatedStatus) int {
		return cmp.Or(b.Used.Compare(a.Used), cmp.Compare(a.Key, b.Key))
	})
	list := isolated{Count: len(all), More: max(len(all)-maxIdentities, 0)}
	states := make(map[dialer.State]int)
	for i, one := range all {
		states[one.Status.State]++
		if i < maxIdentities {
			list.Rows = append(list.Rows, identity{i + 1, one.Status.State.String(), classOf(one.Status.State), one.Uses, one.Status.Streams,
				ago(one.Used, now), bytesText(float64(one.Status.Received)), bytesText(float64(one.Status.Sent)), h.fault(one.Status.Err)})
		}
	}
	for _, state := range slices.Sorted(maps.Keys(states)) {
		list.States = append(list.States, counting{Text: state.String(), Class: classOf(state), Count: states[state]})
	}
	return list
}

// portList is called with the lock held. Ports that are over and idle are forgotten.
func (h *Handler) portList() (list []port) {
	kept := h.ports[:0]
	for _, px := range h.ports {
		status, done := px.Status(), false
		select {
		case <-px.Done():
			done = true
		default:
		}
		if done && status.Clients == 0 && px.Err() == nil {
			continue
		}
		kept = append(kept, px)
		list = append(list, port{fmt.Sprint(px.Addr()), done, status, bytesText(float64(status.Received)), bytesText(float64(status.Sent))})
	}
	clear(h.ports[len(kept):])
	h.ports = kept
	return list
}

func (r *refusals) table() (list []counting, all int) {
	for why, n := range r.counts {
		list = append(list, counting{Text: why.Text, Leak: why.Leak, Count: n})
		all += n
	}
	slices.SortFunc(list, func(a, b counting) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Text, b.Text)) })
	return list, all
}

// findings returns what clients gave away. What looks the same on the page is one.
func (h *Handler) findings() (list []audit.Finding) {
	places := make(map[audit.Finding]int)
	for _, f := range h.Auditor.Findings() {
		key := audit.Finding{Rule: f.Rule, Severity: f.Severity, Protocol: f.Protocol, Advice: f.Advice}
		if h.Reveal {
			key.Seen = f.Seen
		}
		place, ok := places[key]
		if !ok {
			places[key] = len(list)
			list = append(list, key)
			place = len(list) - 1
		}
		list[place].Count += f.Count
	}
	return list
}

func totals(own dialer.Status, all []dialer.IsolatedStatus, ports []port) []fact {
	streams, received, sent, clients, pending := own.Streams, own.Received, own.Sent, 0, 0
	for _, i := range all {
		streams, received, sent = streams+i.Status.Streams, received+i.Status.Received, sent+i.Status.Sent
	}
	for _, p := range ports {
		clients, pending = clients+p.Clients, pending+p.Pending
	}
	return []fact{
		{Name: "streams", Value: fmt.Sprint(streams)}, {Name: "identities", Value: fmt.Sprint(1 + len(all))},
		{Name: "SOCKS clients", Value: fmt.Sprint(clients)}, {Name: "waiting", Value: fmt.Sprint(pending)},
		{Name: "received", Value: bytesText(float64(received))}, {Name: "sent", Value: bytesText(float64(sent))},
	}
}
