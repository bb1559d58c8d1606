package addrbook

import (
	"context"
	"errors"
	"slices"
	"strconv"

	"github.com/go-i2p/i2psocks/keys"
)

// others is what all sources but one say of a name: those that are trusted more, and
// the pin, and those that are trusted less.
type others struct{ above, below []Address }

// others asks all sources but one. If that one is none of them, all are above it.
func (b *Book) others(ctx context.Context, name string, except Source) (o others, err error) {
	list := &o.above
	for i, s := range b.Sources {
		if s == except {
			list = &o.below
			continue
		}
		a, err := s.Lookup(ctx, name)
		switch {
		case err == nil:
			*list = append(*list, a)
		case !errors.Is(err, ErrNotFound):
			return others{}, &SourceError{strconv.Itoa(i), err}
		}
	}
	pin, err := b.pin(name)
	if err != nil {
		return others{}, &SourceError{"pins", err}
	}
	if !pin.IsZero() && !containsSame(o.above, pin) {
		o.above = append(o.above, pin)
	}
	return o, nil
}

func containsSame(all []Address, a Address) bool { return slices.ContainsFunc(all, a.Same) }

// has reports whether this feed or, failing that, the others have a destination for a
// name, and whether they know the name at all. More trusted ones are asked first.
func (a *applier) has(name string, d keys.Destination) (has, known bool) {
	if e := a.entries[name]; e.live(a.now) {
		return e.has(d), true
	}
	o := a.elsewhere(name)
	if len(o.above) == 0 {
		o.above = o.below
	}
	return containsSame(o.above, AddressOf(d)), len(o.above) > 0
}

func (a *applier) elsewhere(name string) others {
	o, err := a.others(a.ctx, name)
	if err != nil {
		a.broken = err
	}
	return o
}

// conflict is a record that offers another destination than the known address.
func conflict(r Record, known Address) *ConflictError {
	return &ConflictError{Name: r.Name, Known: known, Offered: AddressOf(r.Destination)}
}

// notice tells when the destination that a record has brought is not what others have
// for its name: those above, who do not follow, or those below, who are overruled. old
// has signed for it, if it is not zero.
func (a *applier) notice(r Record, old keys.Destination) {
	o := a.elsewhere(r.Name)
	overruled := len(o.above) == 0
	if overruled {
		o.above = o.below
	}
	if len(o.above) == 0 || containsSame(o.above, AddressOf(r.Destination)) || len(a.notices) >= maxProblems {
		return
	}
	c := conflict(r, o.above[0])
	c.Overruled, c.Signed = overruled, containsSame(o.above, AddressOf(old))
	a.notices = append(a.notices, c)
}
