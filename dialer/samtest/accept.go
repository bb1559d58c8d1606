package samtest

import (
	"slices"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// endpoint is a destination that lives on a router: where streams arrive. All
// of it is guarded by the network's lock.
type endpoint struct {
	b        *Bridge
	dest     keys.Destination
	ls       leaseSet
	dead     bool
	active   *acceptor   // i2pd: the one that gets the next stream
	queue    []*acceptor // the others, in the order in which they came
	pending  []*stream   // streams that found none
	expiry   *time.Timer // ends the pending streams
	accepted bool        // an ACCEPT was given at some time
	forward  *forwarder
	primary  *primary // of the PRIMARY session whose destination it is, nil for others
}

// acceptor is a waiting STREAM ACCEPT.
type acceptor struct {
	s     *session
	since time.Time
	given chan *end // one end, or closed: end without a word
	gone  bool      // the client left, which Java does not see
}

// offer hands a stream to an ACCEPT, or lets it wait, or refuses it.
func (ep *endpoint) offer(st *stream) {
	f := ep.b.f
	if f.i2pd {
		st.respond("") // the router itself accepts
	}
	if ep.forward != nil {
		ep.forward.take(st)
		return
	}
	a := ep.next(st)
	if f.young {
		ep.dropYoung()
	}
	switch {
	case a != nil:
		a.take(st)
	case f.java && ep.primary != nil:
		ep.offerSub(st)
	case f.pending == 0, f.i2pd && len(ep.pending) >= f.maxPending, !f.i2pd && !ep.accepted:
		st.refuse()
	default:
		ep.pending = append(ep.pending, st)
		if ep.expiry != nil {
			ep.expiry.Stop()
		}
		ep.expiry = ep.b.nw.after(f.pending, ep.refusePending)
	}
}

func (ep *endpoint) refusePending() {
	for _, st := range ep.pending {
		st.refuse()
	}
	ep.pending = nil
}

// next takes the ACCEPT whose turn it is to get a stream. i2pd moves the queue up, new
// versions only after a moment.
func (ep *endpoint) next(st *stream) *acceptor {
	if !ep.b.f.i2pd {
		i := slices.IndexFunc(ep.queue, func(a *acceptor) bool { return ep.serves(a, st) })
		if i < 0 {
			return nil
		}
		a := ep.queue[i]
		ep.queue = slices.Delete(ep.queue, i, i+1)
		return a
	}
	a := ep.active
	ep.active = nil
	if a != nil && ep.b.f.young {
		ep.b.nw.after(promotion, ep.promote)
	} else if a != nil {
		ep.promote()
	}
	return a
}

func (ep *endpoint) promote() {
	if ep.active == nil && len(ep.queue) > 0 {
		ep.active, ep.queue = ep.queue[0], ep.queue[1:]
	}
}

// dropYoung ends the queued ACCEPTs that new i2pd takes for old ones: its test of
// their age is the wrong way round.
func (ep *endpoint) dropYoung() {
	ep.queue = slices.DeleteFunc(ep.queue, func(a *acceptor) bool {
		young := time.Since(a.since) < youngAccept
		if young {
			close(a.given)
		}
		return young
	})
}

// add puts an ACCEPT in its place, or gives it a stream that waits.
func (ep *endpoint) add(a *acceptor) {
	ep.accepted = true
	switch {
	case ep.b.f.i2pd && ep.active == nil:
		ep.active = a
	default:
		if ep.b.f.young {
			ep.dropYoung()
		}
		ep.queue = append(ep.queue, a)
	}
	i := slices.IndexFunc(ep.pending, func(st *stream) bool { return ep.serves(a, st) })
	if i >= 0 && (ep.active == a || !ep.b.f.i2pd) {
		st := ep.pending[i]
		ep.pending = slices.Delete(ep.pending, i, i+1)
		ep.next(st).take(st)
		if ep.b.f.young {
			ep.dropYoung()
		}
	}
}

// remove forgets an ACCEPT whose client left. On i2pd nobody takes the place of
// the active one; Java does not notice at all.
func (ep *endpoint) remove(a *acceptor) {
	if ep.b.f.java {
		return
	}
	if ep.active == a {
		ep.active = nil
	}
	ep.queue = slices.DeleteFunc(ep.queue, func(q *acceptor) bool { return q == a })
}

// take attaches the ACCEPT to a stream.
func (a *acceptor) take(st *stream) {
	if a.gone {
		st.respond("")
		st.b.close()
		st.a.hangUp()
		return
	}
	st.b.s = a.s
	a.s.ends[st.b] = struct{}{}
	st.respond("")
	a.given <- st.b
}

// waiting counts the ACCEPTs of a session.
func (ep *endpoint) waiting(s *session) int {
	n := 0
	for _, a := range append(slices.Clone(ep.queue), ep.active) {
		if a != nil && a.s == s && !a.gone {
			n++
		}
	}
	return n
}

// sessionEnds ends the waiting ACCEPTs of a session, and the endpoint with it.
// Java ends one of them and leaves the others open and silent.
func (ep *endpoint) sessionEnds(s *session) {
	told := false
	mine := func(a *acceptor) bool {
		if a == nil || a.s != s {
			return false
		}
		if !a.gone && !(ep.b.f.java && told) {
			told = true
			close(a.given)
		}
		return true
	}
	if mine(ep.active) {
		ep.active = nil
	}
	ep.queue = slices.DeleteFunc(ep.queue, mine)
	if ep.b.f.i2pd && !ep.b.down {
		ep.b.nw.after(lingering, ep.die)
		return
	}
	ep.die()
}

// die takes the endpoint out of the network. Sessions that still use it are
// poisoned.
func (ep *endpoint) die() {
	if ep.dead {
		return
	}
	ep.dead = true
	ep.b.nw.withdraw(ep)
	if ep.b.endpoints[ep.dest] == ep {
		delete(ep.b.endpoints, ep.dest)
	}
	ep.refusePending()
}
