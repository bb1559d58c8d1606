package addrbook

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

const (
	maxDests     = 8              // of one name, as in Java I2P
	maxRemoveAll = 64             // lines in a feed, as each goes through all names
	maxFormer    = 16             // destinations remembered as replaced or removed
	tolerance    = 24 * time.Hour // how far ahead a date may be
)

// feedEntry is what one feed said of one name. It is kept when the name is
// removed, so that an old line does not bring it back.
type feedEntry struct {
	// Dests are its destinations, the one in use first. None: removed.
	Dests []keys.Destination `json:"dests,omitempty"`

	// Former are base32 names of destinations that were signed away.
	Former []string `json:"former,omitempty"`

	// Dates holds the newest date of each action, in seconds since 1970.
	Dates map[string]int64 `json:"dates,omitempty"`

	// Expires is when the entry ends, in seconds since 1970; 0 is never.
	Expires int64 `json:"expires,omitempty"`

	// Seen is when the name was first seen, in seconds since 1970.
	Seen int64 `json:"seen"`

	// Record is the signed line that was carried out last.
	Record string `json:"record,omitempty"`
}

func (e *feedEntry) live(now time.Time) bool {
	return e != nil && len(e.Dests) > 0 && (e.Expires == 0 || now.Unix() < e.Expires)
}

func (e *feedEntry) has(d keys.Destination) bool { return e != nil && slices.Contains(e.Dests, d) }

func (e *feedEntry) had(d keys.Destination) bool { return e.hadAddress(AddressOf(d)) }

func (e *feedEntry) hadAddress(a Address) bool {
	return e != nil && slices.Contains(e.Former, a.Base32())
}

func (e *feedEntry) newest() (date int64) {
	for _, d := range e.Dates {
		date = max(date, d)
	}
	return date
}

// drop takes a destination away for good.
func (e *feedEntry) drop(d keys.Destination) {
	e.Dests = slices.DeleteFunc(e.Dests, func(x keys.Destination) bool { return x == d })
	e.Former = append(e.Former, d.Base32())
	e.Former = e.Former[max(0, len(e.Former)-maxFormer):]
}

// errStale: a line that was carried out before, or is older than one that was.
// It is no fault, since feeds repeat their lines.
var errStale = errors.New("carried out before")

// applier brings the entries of one feed up to date. It reads and writes nothing
// else. It works on a copy: either all that it did is taken over, or nothing.
type applier struct {
	ctx     context.Context
	entries map[string]*feedEntry
	fresh   map[string]bool // entries that are copies already
	now     time.Time
	max     int // names
	size    int // of the entries as they are kept, in bytes, without those in changed
	maxSize int
	changed map[string]bool // by the record that is being carried out

	// others returns what everybody else says of a name.
	others func(ctx context.Context, name string) (others, error)
	broken error // why others could not tell; nothing counts then

	notices        []*ConflictError // changes made here that others do not follow
	removeAllLines int
	early          bool // a record was refused that will be good later
}

func newApplier(ctx context.Context, entries map[string]*feedEntry) *applier {
	a := &applier{ctx: ctx, entries: maps.Clone(entries), fresh: make(map[string]bool), changed: make(map[string]bool), now: time.Now()}
	for name, e := range entries {
		a.size += e.size(name)
	}
	return a
}

// apply carries a record out. The error is errStale, or wraps [ErrRefused],
// [ErrSignature], [ErrConflict] or an error of keys.
func (a *applier) apply(r Record) error {
	defer a.measure()
	if !r.Destination.IsZero() && r.Destination.SigningKey() == nil {
		// Its owner could never prove a change to anybody.
		return fmt.Errorf("%w: a destination whose signatures cannot be verified", keys.ErrUnsupported)
	}
	if len(r.Properties) == 0 {
		return a.add(r, a.mayAdd(r))
	}
	if err := a.ctx.Err(); err != nil {
		a.broken = err
		return err
	}
	if err := r.Verify(); err != nil {
		return err
	}
	if err := a.checkTimes(r); err != nil {
		return err
	}
	act, ok := actions[r.Get(keyAction)]
	if !ok {
		return refuse("an action that is not known")
	}
	if r.isRemoval() != (r.Name == "") {
		return refuse("a removal with an entry, or an entry without")
	}
	return act(a, r)
}

func refuse(why string) error { return fmt.Errorf("%w: %s", ErrRefused, why) }

// seconds reads a date; 0 if there is none.
func seconds(r Record, key string) (int64, error) {
	text := r.Get(key)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 {
		return 0, refuse("a property " + key + " that is not in seconds since 1970")
	}
	return n, nil
}

func (a *applier) checkTimes(r Record) error {
	date, err := seconds(r, keyDate)
	if err != nil {
		return err
	}
	expires, err := seconds(r, keyExpires)
	switch {
	case err != nil:
		return err
	case date > a.now.Add(tolerance).Unix():
		a.early = true
		return refuse("a date in the future")
	case expires != 0 && expires <= a.now.Unix():
		return refuse("expired")
	}
	e := a.entries[r.Name]
	if e == nil || r.Name == "" {
		return nil
	}
	if newest, ok := e.Dates[r.Get(keyAction)]; ok && date <= newest && newest != 0 {
		return errStale
	}
	return nil
}

// edit returns the entry of a name to be changed, a new one if there is none.
func (a *applier) edit(name string) *feedEntry {
	e := a.entries[name]
	if !a.changed[name] {
		a.size -= e.size(name)
		a.changed[name] = true
	}
	if a.fresh[name] {
		return e
	}
	if e == nil {
		e = &feedEntry{Seen: a.now.Unix()}
	} else {
		c := *e
		c.Dests, c.Former, c.Dates = slices.Clone(e.Dests), slices.Clone(e.Former), maps.Clone(e.Dates)
		e = &c
	}
	a.entries[name], a.fresh[name] = e, true
	return e
}

// mark notes that a signed record was carried out for a name.
func (a *applier) mark(name string, r Record) {
	if len(r.Properties) == 0 {
		return
	}
	e := a.edit(name)
	date, _ := seconds(r, keyDate)
	e.Expires, _ = seconds(r, keyExpires)
	if e.Dates == nil {
		e.Dates = make(map[string]int64)
	}
	e.Dates[r.Get(keyAction)] = date
	e.Record = r.String()
	if a.full() {
		e.Record = "" // it only saves work
	}
}

// mayAdd says why a record may not give its name a destination, nil if it may. Who is
// trusted less than this feed has no say.
func (a *applier) mayAdd(r Record) error {
	e := a.entries[r.Name]
	date, _ := seconds(r, keyDate)
	switch {
	case e.live(a.now):
		if e.has(r.Destination) || e.had(r.Destination) {
			return errStale
		}
		return conflict(r, AddressOf(e.Dests[0]))
	case (e.had(r.Destination) || e.has(r.Destination)) && date <= e.newest():
		return errStale // its owner has withdrawn it, or it has expired
	case e == nil && len(a.entries) >= a.max, a.full():
		return refuse("the book of this feed is full")
	}
	if above := a.elsewhere(r.Name).above; len(above) > 0 && !containsSame(above, AddressOf(r.Destination)) {
		return conflict(r, above[0])
	}
	return nil
}

// add gives a name a destination, if may is nil.
func (a *applier) add(r Record, may error) error {
	if may != nil {
		return may
	}
	e := a.edit(r.Name)
	e.Dests, e.Expires = []keys.Destination{r.Destination}, 0
	a.mark(r.Name, r)
	a.notice(r, keys.Destination{})
	return nil
}
