package addrbook_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/keys"
)

// rules is the story of one name or two, fetch by fetch.
func TestFeedRules(t *testing.T) {
	a, b, c := identity(t), identity(t), identity(t)
	da, db, dc := whole(a), whole(b), whole(c)
	plainA := at("n.i2p", a, "")
	move := signed(t, at("n.i2p", b, "action=changedest#date=1700000000#olddest="+b64(a)), &a, &b)
	back := signed(t, at("n.i2p", a, "action=changedest#date=1700000001#olddest="+b64(b)), &b, &a)
	remove := signed(t, "#!action=remove#date=1700000000#dest="+b64(a)+"#name=n.i2p", nil, &a)
	type step struct {
		lines   []string
		want    book
		applied int
		refused int
	}
	tests := map[string][]step{
		"first come": {
			{[]string{plainA}, book{"n.i2p": da}, 1, 0},
			{[]string{at("n.i2p", b, "")}, book{"n.i2p": da}, 0, 1},
			{[]string{signed(t, at("n.i2p", b, "date=1700000000"), nil, &b)}, book{"n.i2p": da}, 0, 1},
		},
		"bad signature": {
			{[]string{plainA, strings.Replace(signed(t, at("m.i2p", a, "date=1"), nil, &a), "date=1", "date=2", 1)}, book{"n.i2p": da}, 1, 1},
		},
		"properties without signature": {{[]string{plainA, at("m.i2p", a, "date=1")}, book{"n.i2p": da}, 1, 1}},
		"changedest": {
			{[]string{plainA}, book{"n.i2p": da}, 1, 0},
			{[]string{plainA, move}, book{"n.i2p": db}, 1, 0},
			{[]string{plainA, move}, book{"n.i2p": db}, 0, 0},
			{[]string{plainA, move, back}, book{"n.i2p": da}, 1, 0},
			{[]string{plainA, move, back}, book{"n.i2p": da}, 0, 0},
			{[]string{move}, book{"n.i2p": da}, 0, 0},
		},
		"changedest of an unknown name": {{[]string{move}, book{"n.i2p": db}, 1, 0}, {[]string{plainA, move}, book{"n.i2p": db}, 0, 0}},
		"changedest by a stranger": {
			{[]string{plainA}, book{"n.i2p": da}, 1, 0},
			{[]string{signed(t, at("n.i2p", b, "action=changedest#date=1700000000#olddest="+b64(c)), &c, &b)}, book{"n.i2p": da}, 0, 1},
			{[]string{signed(t, at("n.i2p", b, "action=changedest#date=1700000000"), nil, &b)}, book{"n.i2p": da}, 0, 1},
			{[]string{strings.Replace(move, "oldsig=", "oldsig=A", 1)}, book{"n.i2p": da}, 0, 1},
		},
		"remove": {
			{[]string{plainA, at("other.i2p", b, "")}, book{"n.i2p": da, "other.i2p": db}, 2, 0},
			{[]string{plainA, remove}, book{"other.i2p": db}, 1, 0},
			{[]string{plainA, remove}, book{"other.i2p": db}, 0, 0},
			{[]string{at("n.i2p", c, "")}, book{"n.i2p": dc, "other.i2p": db}, 1, 0},
			{[]string{remove}, book{"n.i2p": dc, "other.i2p": db}, 0, 0},
		},
		"removed and come again": {
			{[]string{plainA, remove}, book{}, 2, 0},
			{[]string{signed(t, at("n.i2p", a, "date=1699999999"), nil, &a)}, book{}, 0, 0},
			{[]string{signed(t, at("n.i2p", a, "date=1700000001"), nil, &a)}, book{"n.i2p": da}, 1, 0},
			{[]string{remove}, book{"n.i2p": da}, 0, 0},
		},
		"remove by a stranger": {
			{[]string{plainA, signed(t, "#!action=remove#date=1700000000#dest="+b64(b)+"#name=n.i2p", nil, &b)}, book{"n.i2p": da}, 1, 1},
			{[]string{strings.Replace(remove, "name=n", "name=m", 1), strings.Replace(remove, b64(a), b64(b), 1)}, book{"n.i2p": da}, 0, 2},
			{[]string{signed(t, at("n.i2p", a, "action=remove#name=n.i2p#dest="+b64(a)), nil, &a)}, book{"n.i2p": da}, 0, 1},
		},
		"removeall": {
			{[]string{plainA, at("m.i2p", a, ""), at("other.i2p", b, "")}, book{"n.i2p": da, "m.i2p": da, "other.i2p": db}, 3, 0},
			{[]string{signed(t, "#!action=removeall#date=1700000000#dest="+b64(a), nil, &a)}, book{"other.i2p": db}, 1, 0},
			{[]string{plainA, at("m.i2p", a, "")}, book{"other.i2p": db}, 0, 0},
		},
		"adddest": {
			{[]string{plainA}, book{"n.i2p": da}, 1, 0},
			{[]string{signed(t, at("n.i2p", b, "action=adddest#date=1700000000#olddest="+b64(a)), &a, &b)}, book{"n.i2p": da}, 1, 0},
			{[]string{signed(t, at("n.i2p", c, "action=adddest#date=1700000001#olddest="+b64(identity(t))), &a, &c)}, book{"n.i2p": da}, 0, 1},
			{[]string{signed(t, "#!action=remove#date=1700000002#dest="+b64(a)+"#name=n.i2p", nil, &a)}, book{"n.i2p": db}, 1, 0},
		},
		"addname": {
			{[]string{plainA, signed(t, at("alias.i2p", a, "action=addname#oldname=n.i2p"), nil, &a)}, book{"n.i2p": da, "alias.i2p": da}, 2, 0},
			{[]string{signed(t, at("false.i2p", b, "action=addname#oldname=n.i2p"), nil, &b)}, book{"n.i2p": da, "alias.i2p": da}, 0, 1},
			{[]string{signed(t, at("x.i2p", b, "action=addname"), nil, &b)}, book{"n.i2p": da, "alias.i2p": da}, 0, 1},
		},
		"addsubdomain": {
			{[]string{signed(t, at("sub.n.i2p", b, "action=addsubdomain#oldname=n.i2p#olddest="+b64(a)), &a, &b), plainA}, book{"n.i2p": da}, 1, 1},
			{[]string{signed(t, at("sub.n.i2p", b, "action=addsubdomain#oldname=n.i2p#olddest="+b64(a)), &a, &b)}, book{"n.i2p": da, "sub.n.i2p": db}, 1, 0},
			{[]string{signed(t, at("subn.i2p", b, "action=addsubdomain#oldname=n.i2p#olddest="+b64(a)), &a, &b),
				signed(t, at("x.n.i2p", b, "action=addsubdomain#oldname=n.i2p#olddest="+b64(c)), &c, &b)}, book{"n.i2p": da, "sub.n.i2p": db}, 0, 2},
		},
		"changename": {
			{[]string{plainA, at("taken.i2p", b, "")}, book{"n.i2p": da, "taken.i2p": db}, 2, 0},
			{[]string{signed(t, at("taken.i2p", a, "action=changename#oldname=n.i2p#date=1700000000"), nil, &a)}, book{"n.i2p": da, "taken.i2p": db}, 0, 1},
			{[]string{signed(t, at("mine.i2p", b, "action=changename#oldname=n.i2p#date=1700000000"), nil, &b)}, book{"n.i2p": da, "taken.i2p": db}, 0, 1},
			{[]string{signed(t, at("new.i2p", a, "action=changename#oldname=n.i2p#date=1700000000"), nil, &a)}, book{"new.i2p": da, "taken.i2p": db}, 1, 0},
			{[]string{plainA}, book{"new.i2p": da, "taken.i2p": db}, 0, 0},
		},
		"changename from before a return": {
			{[]string{signed(t, at("n.i2p", a, "date=1700000001"), nil, &a)}, book{"n.i2p": da}, 1, 0},
			{[]string{signed(t, at("new.i2p", a, "action=changename#oldname=n.i2p#date=1700000000"), nil, &a)}, book{"n.i2p": da, "new.i2p": da}, 0, 0},
		},
		"update": {
			{[]string{plainA}, book{"n.i2p": da}, 1, 0},
			{[]string{signed(t, at("n.i2p", b, "action=update#date=1700000000"), nil, &b)}, book{"n.i2p": da}, 0, 1},
			{[]string{signed(t, at("m.i2p", b, "action=update#date=1700000000"), nil, &b)}, book{"n.i2p": da}, 0, 1},
			{[]string{signed(t, at("n.i2p", a, "action=update#date=1700000000#email=x"), nil, &a)}, book{"n.i2p": da}, 1, 0},
		},
		"dates": {
			{[]string{signed(t, at("n.i2p", a, "date="+fmt.Sprint(time.Now().Add(48*time.Hour).Unix())), nil, &a)}, book{}, 0, 1},
			{[]string{signed(t, at("n.i2p", a, "expires=1700000000"), nil, &a)}, book{}, 0, 1},
			{[]string{signed(t, at("n.i2p", a, "date=soon"), nil, &a)}, book{}, 0, 1},
			{[]string{signed(t, at("n.i2p", a, "date=-1"), nil, &a)}, book{}, 0, 1},
			{[]string{signed(t, at("n.i2p", a, "expires=9999999999"), nil, &a)}, book{"n.i2p": da}, 1, 0},
		},
		"unknown action": {{[]string{plainA, signed(t, at("m.i2p", a, "action=seize"), nil, &a)}, book{"n.i2p": da}, 1, 1}},
	}
	for name, steps := range tests {
		t.Run(name, func(t *testing.T) {
			s, f := subscribe(t)
			for i, st := range steps {
				f.says(st.lines...)
				r := fetch(t, s)
				assert.Equal(t, st.want, maps.Collect(s.All()), "step %d", i)
				assert.Equal(t, st.applied, r.Applied, "applied in step %d: %v", i, r.Problems)
				assert.Equal(t, st.refused, r.Refused, "refused in step %d", i)
				assert.Len(t, r.Problems, st.refused)
				assert.Equal(t, len(st.want), r.Names)
				assert.Equal(t, len(st.lines), r.Applied+r.Refused+r.Unchanged)
				again := &addrbook.Subscription{URL: s.URL, Path: s.Path, Dialer: s.Dialer} // as after a restart
				assert.Equal(t, st.want, maps.Collect(again.All()))
				s = again
			}
		})
	}
}

func TestFeedDestinationsAreBounded(t *testing.T) {
	a := identity(t)
	lines := []string{at("n.i2p", a, "")}
	for i := range 9 {
		id := identity(t)
		lines = append(lines, signed(t, at("n.i2p", id, fmt.Sprintf("action=adddest#date=%d#olddest=%s", 1700000000+i, b64(a))), &a, &id))
	}
	s, _ := subscribe(t, lines...)
	r := fetch(t, s)
	assert.Equal(t, 8, r.Applied)
	assert.Equal(t, 2, r.Refused)
}

func TestFeedNamesAreBounded(t *testing.T) {
	d := identity(t)
	s, f := subscribe(t, at("a.i2p", d, ""), at("b.i2p", d, ""), at("c.i2p", d, ""))
	s.MaxNames = 2
	assert.Equal(t, 1, fetch(t, s).Refused)
	f.says(at("c.i2p", d, ""), at("a.i2p", d, ""))
	assert.Equal(t, 1, fetch(t, s).Refused)
}

func TestFeedExpires(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := identity(t), identity(t)
		end := time.Now().Add(time.Hour).Unix()
		line := signed(t, at("n.i2p", a, fmt.Sprintf("date=%d#expires=%d", time.Now().Unix(), end)), nil, &a)
		s, f := subscribe(t, line)
		fetch(t, s)
		_, err := s.Lookup(t.Context(), "n.i2p")
		require.NoError(t, err)
		time.Sleep(2 * time.Hour)
		_, err = s.Lookup(t.Context(), "n.i2p")
		assert.ErrorIs(t, err, addrbook.ErrNotFound)
		f.says(at("n.i2p", a, ""), at("other.i2p", b, ""))
		fetch(t, s)
		_, err = s.Lookup(t.Context(), "n.i2p")
		assert.ErrorIs(t, err, addrbook.ErrNotFound, "its owner let it expire")
		f.says(signed(t, at("n.i2p", a, fmt.Sprintf("date=%d#expires=%d", time.Now().Unix(), end+86400)), nil, &a))
		fetch(t, s)
		_, err = s.Lookup(t.Context(), "n.i2p")
		assert.NoError(t, err)
	})
}

// TestFeedOwnsItsOwn: what others in the book know is not a feed's to change.
func TestFeedOwnsItsOwn(t *testing.T) {
	a, b, c := identity(t), identity(t), identity(t)
	own := openFile(t, filepath.Join(t.TempDir(), "own.txt"))
	require.NoError(t, own.Add("own.i2p", whole(a)))
	first, firstFeed := subscribe(t, at("own.i2p", b, ""), at("shared.i2p", b, ""), at("first.i2p", b, ""))
	second, secondFeed := subscribe(t, at("own.i2p", a, ""), at("shared.i2p", c, ""), at("first.i2p", b, ""), at("second.i2p", c, ""))
	var told []*addrbook.ConflictError
	bk := &addrbook.Book{Sources: []addrbook.Source{own, first, second}, OnConflict: func(e *addrbook.ConflictError) { told = append(told, e) }}
	first.Book, second.Book = bk, bk

	r := fetch(t, first)
	want := []*addrbook.ConflictError{{Name: "own.i2p", Known: whole(a), Offered: whole(b), Source: feedURL}}
	assert.Equal(t, want, r.Conflicts)
	assert.Equal(t, want, told)
	assert.Equal(t, 2, r.Applied)
	r = fetch(t, second)
	assert.Equal(t, []*addrbook.ConflictError{{Name: "shared.i2p", Known: whole(b), Offered: whole(c), Source: feedURL}}, r.Conflicts)
	assert.Equal(t, 3, r.Applied)

	firstFeed.says(at("second.i2p", b, "")) // trusted more, but later
	r = fetch(t, first)
	assert.Equal(t, 1, r.Applied)
	assert.Equal(t, []*addrbook.ConflictError{{Name: "second.i2p", Known: whole(c), Offered: whole(b), Source: feedURL, Overruled: true}}, r.Conflicts)
	d, err := bk.Lookup(t.Context(), "second.i2p")
	require.NoError(t, err)
	assert.Equal(t, whole(b), d, "the order of trust decides")

	secondFeed.says(signed(t, "#!action=removeall#date=1700000000#dest="+b64(b), nil, &b))
	fetch(t, second)
	d, err = bk.Lookup(t.Context(), "first.i2p")
	require.NoError(t, err, "the first feed still says so")
	assert.Equal(t, whole(b), d)

	told = nil
	secondFeed.says(signed(t, at("own.i2p", c, "action=changedest#date=1700000000#olddest="+b64(a)), &a, &c))
	r = fetch(t, second)
	assert.Equal(t, 1, r.Applied)
	assert.Equal(t, []*addrbook.ConflictError{{Name: "own.i2p", Known: whole(a), Offered: whole(c), Source: feedURL, Signed: true}}, told)
	d, err = bk.Lookup(t.Context(), "own.i2p")
	require.NoError(t, err)
	assert.Equal(t, whole(a), d, "the user's own entry stays until the user changes it")

	secondFeed.says(signed(t, at("first.i2p", c, "action=changedest#date=1700000005#olddest="+b64(b)), &b, &c))
	broken := errors.New("broken disk")
	bk.Sources[0] = addrbook.SourceFunc{Func: func(context.Context, string) (keys.Destination, error) { return keys.Destination{}, broken }}
	before := maps.Collect(second.All())
	_, err = second.Fetch(t.Context())
	assert.ErrorIs(t, err, broken, "without the book nothing can be decided")
	assert.Equal(t, before, maps.Collect(second.All()))
}

// TestFeedAndRouter: a change that the old destination has signed is followed, also against what
// the router said.
func TestFeedAndRouter(t *testing.T) {
	a, b := identity(t), identity(t)
	r := &router{names: book{"n.i2p": whole(a), "m.i2p": whole(a)}}
	s, f := subscribe(t)
	bk := &addrbook.Book{Sources: []addrbook.Source{s}, Router: r}
	s.Book = bk
	for _, name := range []string{"n.i2p", "m.i2p"} {
		_, err := bk.Lookup(t.Context(), name)
		require.NoError(t, err)
	}
	f.says(at("n.i2p", b, ""), signed(t, at("m.i2p", b, "action=changedest#date=1700000000#olddest="+b64(a)), &a, &b))
	report := fetch(t, s)
	assert.Equal(t, 1, report.Applied)
	assert.Equal(t, 1, report.Refused)
	d, err := bk.Lookup(t.Context(), "m.i2p")
	require.NoError(t, err)
	assert.Equal(t, whole(b), d)
	d, err = bk.Lookup(t.Context(), "n.i2p")
	require.NoError(t, err)
	assert.Equal(t, whole(a), d)
}
