package addrbook

import (
	"slices"
	"strings"

	"github.com/go-i2p/i2psocks/keys"
)

// actions are the rules of I2P specification "Address Subscription Feed", made
// stricter where Java I2P lets a feed take a name from its owner. Signatures have
// been verified before, those by "olddest" included, if the property is there.
var actions = map[string]func(*applier, Record) error{
	"":             (*applier).plain,
	"addname":      (*applier).addName,
	"adddest":      (*applier).addDest,
	"addsubdomain": (*applier).addSubdomain,
	"changedest":   (*applier).changeDest,
	"changename":   (*applier).changeName,
	"update":       (*applier).update,
	"remove":       (*applier).remove,
	"removeall":    (*applier).removeAll,
}

// plain: a new name, or newer properties for one that is known.
func (a *applier) plain(r Record) error {
	if e := a.entries[r.Name]; e.live(a.now) && e.has(r.Destination) && newer(r, e) {
		a.mark(r.Name, r)
		return nil
	}
	return a.add(r, a.mayAdd(r))
}

// addName: another name for the same destination.
func (a *applier) addName(r Record) error {
	old, err := canonical(r.Get(keyOldName))
	if err != nil {
		return err
	}
	if has, known := a.has(old, r.Destination); known && !has {
		return refuse("the other name has another destination")
	}
	return a.plain(r)
}

// addDest: another destination for the same name. The first one stays in use.
func (a *applier) addDest(r Record) error {
	old, err := r.destination(keyOldDest)
	if err != nil {
		return err
	}
	e := a.entries[r.Name]
	switch {
	case !e.live(a.now):
		return a.plain(r)
	case e.has(r.Destination), e.had(r.Destination) && !newer(r, e):
		return errStale
	case !e.has(old):
		return refuse("signed by a destination that the name does not have")
	case len(e.Dests) >= maxDests:
		return refuse("too many destinations for one name")
	case a.full():
		return refuse("the book of this feed is full")
	}
	e = a.edit(r.Name)
	e.Dests = append(e.Dests, r.Destination)
	a.mark(r.Name, r)
	return nil
}

// addSubdomain: a name that the owner of the name above it has granted.
func (a *applier) addSubdomain(r Record) error {
	parent, err := canonical(r.Get(keyOldName))
	if err != nil {
		return err
	}
	old, err := r.destination(keyOldDest)
	switch {
	case err != nil:
		return err
	case !strings.HasSuffix(r.Name, "."+parent):
		return refuse("not a name beneath the other")
	}
	if granted, _ := a.has(parent, old); !granted {
		return refuse("not granted by the owner of the name above")
	}
	return a.plain(r)
}

// changeDest: the old destination hands its name to a new one.
func (a *applier) changeDest(r Record) error {
	old, err := r.destination(keyOldDest)
	if err != nil {
		return err
	}
	e := a.entries[r.Name]
	switch {
	case !e.live(a.now):
		return a.changeUnknown(r, old)
	case !e.has(old):
		if e.has(r.Destination) || e.had(old) && e.had(r.Destination) {
			return errStale
		}
		c := conflict(r, AddressOf(e.Dests[0]))
		c.Former = e.had(old)
		return c
	case old == r.Destination:
		return errStale
	case (e.had(r.Destination) || e.had(old)) && !newer(r, e):
		return errStale // back again, but without a date that says so
	}
	e = a.edit(r.Name)
	at := slices.Index(e.Dests, old)
	e.drop(old)
	if !e.has(r.Destination) {
		e.Dests = slices.Insert(e.Dests, at, r.Destination)
	}
	a.mark(r.Name, r)
	a.notice(r, old)
	return nil
}

// changeUnknown: the change of a name that this feed does not have, but perhaps
// somebody else does.
func (a *applier) changeUnknown(r Record, old keys.Destination) error {
	may := a.mayAdd(r)
	if _, ok := may.(*ConflictError); ok && containsSame(a.elsewhere(r.Name).above, AddressOf(old)) {
		may = nil // signed over by the one that is known
	}
	if may != nil {
		return may
	}
	e := a.edit(r.Name)
	e.Dests, e.Expires = []keys.Destination{r.Destination}, 0
	e.Former = append(e.Former, old.Base32())
	a.mark(r.Name, r)
	a.notice(r, old)
	return nil
}

func newer(r Record, e *feedEntry) bool {
	date, _ := seconds(r, keyDate)
	return date > e.newest()
}

// changeName: a destination moves to a new name. If it may not have that one, it
// keeps the old one.
func (a *applier) changeName(r Record) error {
	old, err := canonical(r.Get(keyOldName))
	if err != nil {
		return err
	}
	if e := a.entries[old]; e.live(a.now) && !e.has(r.Destination) {
		return refuse("the old name has another destination")
	}
	if err := a.plain(r); err != nil && err != errStale {
		return err
	}
	if !a.entries[r.Name].has(r.Destination) || old == r.Name || !a.entries[old].has(r.Destination) {
		return errStale
	}
	return a.removeFrom(old, r.Destination, r)
}

// update: new properties for a name that has this very destination.
func (a *applier) update(r Record) error {
	if e := a.entries[r.Name]; !e.live(a.now) || !e.has(r.Destination) {
		if a.mayAdd(r) == errStale && !(e.live(a.now) && newer(r, e)) {
			return errStale
		}
		return refuse("an update of a name that does not have the destination")
	}
	if a.entries[r.Name].Record == r.String() {
		return errStale
	}
	a.mark(r.Name, r)
	return nil
}

func (a *applier) remove(r Record) error {
	name, err := canonical(r.Get(keyName))
	if err != nil {
		return err
	}
	d, err := r.destination(keyDest)
	if err != nil {
		return err
	}
	return a.removeFrom(name, d, r)
}

// removeFrom needs a date that is newer than all that was carried out for the
// name, if any of that has a date.
func (a *applier) removeFrom(name string, d keys.Destination, r Record) error {
	e := a.entries[name]
	switch {
	case e == nil:
		return errStale
	case !e.has(d):
		if !e.live(a.now) || e.had(d) && !newer(r, e) {
			return errStale
		}
		return refuse("a removal by a destination that the name does not have")
	case e.newest() != 0 && !newer(r, e):
		return errStale
	}
	e = a.edit(name)
	e.drop(d)
	expires := e.Expires
	a.mark(name, r)
	e.Expires = expires // which is for those who stay to say
	return nil
}

func (a *applier) removeAll(r Record) error {
	d, err := r.destination(keyDest)
	if err != nil {
		return err
	}
	if a.removeAllLines++; a.removeAllLines > maxRemoveAll {
		return refuse("too many lines that remove all")
	}
	result := errStale
	for name, e := range a.entries {
		if e.has(d) && a.removeFrom(name, d, r) == nil {
			result = nil
		}
	}
	return result
}
