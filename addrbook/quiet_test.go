package addrbook_test

import (
	"fmt"
	"maps"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/keys"
)

// Who has signed a name away and tries to give it to somebody is shown; his old lines, which feeds
// repeat, are not.
func TestFeedFormerOwner(t *testing.T) {
	a, b, c, e := identity(t), identity(t), identity(t), identity(t)
	change := func(date int, from, to keys.Identity) string {
		return signed(t, at("n.i2p", to, fmt.Sprintf("action=changedest#date=%d#olddest=%s", 1700000000+date, b64(from))), &from, &to)
	}
	old := signed(t, "#!action=remove#date=1600000000#dest="+b64(a)+"#name=n.i2p", nil, &a)
	story := []string{at("n.i2p", a, ""), change(0, a, b), change(1, b, c), old}
	s, f := subscribe(t, story...)
	assert.Equal(t, 3, fetch(t, s).Applied)
	r := fetch(t, s)
	assert.Equal(t, 4, r.Unchanged, "%v", r.Problems)
	assert.Empty(t, r.Conflicts)

	f.says(append(story, change(2, a, e))...)
	for range 2 {
		r = fetch(t, s)
		assert.Equal(t, [2]int{4, 1}, [...]int{r.Unchanged, r.Refused})
		assert.Equal(t, []*addrbook.ConflictError{{Name: "n.i2p", Known: whole(c), Offered: whole(e), Source: feedURL, Former: true}}, r.Conflicts)
	}
	remove := signed(t, "#!action=remove#date=1700000003#dest="+b64(a)+"#name=n.i2p", nil, &a)
	update := signed(t, at("n.i2p", a, "action=update#date=1700000003"), nil, &a)
	f.says(append(story, remove, update)...)
	assert.Equal(t, 2, fetch(t, s).Refused)
	assert.Equal(t, book{"n.i2p": whole(c)}, maps.Collect(s.All()))
}

// A feed whose destinations have keys of a later type is still one.
func TestFeedLaterKeys(t *testing.T) {
	a := identity(t)
	lines := []string{at("n.i2p", a, "")}
	for i := range 5 {
		lines = append(lines, fmt.Sprintf("later%d.i2p=%s", i, longer(t)))
	}
	s, f := subscribe(t, lines...)
	r := fetch(t, s)
	assert.Equal(t, [2]int{1, 5}, [...]int{r.Applied, r.Refused})
	for _, p := range r.Problems {
		assert.ErrorIs(t, p, keys.ErrUnsupported)
	}
	f.says(lines[0], "nonsense", "<html>")
	_, err := s.Fetch(t.Context())
	assert.ErrorIs(t, err, addrbook.ErrRefused)
}

// A line with a base32 name is none of a feed, since nobody can sign for it; padding may be missing.
func TestFeedForms(t *testing.T) {
	a, b := identity(t), identity(t)
	moved := signed(t, at("m.i2p", b, "action=changedest#date=1700000000#olddest="+b64(a)), &a, &b)
	s, _ := subscribe(t, "n.i2p="+strings.TrimRight(b64(a), "="), "hash.i2p="+a.String(), "p.i2p="+a.String()+"#!date=1#sig=x", at("m.i2p", a, ""), moved)
	r := fetch(t, s)
	assert.Equal(t, [2]int{3, 2}, [...]int{r.Applied, r.Invalid})
	assert.ErrorIs(t, r.Problems[0], addrbook.ErrRefused)
	assert.Equal(t, book{"n.i2p": whole(a), "m.i2p": whole(b)}, maps.Collect(s.All()))
}

// The order of trust decides between feeds, in whatever order they are fetched.
func TestFeedOrderOfTrust(t *testing.T) {
	a, b, c := identity(t), identity(t), identity(t)
	for _, moreTrustedFirst := range []bool{true, false} {
		more, _ := subscribe(t, at("n.i2p", a, ""), at("hash.i2p", c, ""))
		less, lessFeed := subscribe(t, at("n.i2p", b, ""))
		own := hostsOf(t, book{"hash.i2p": hashOf(t, whole(c))})
		bk := &addrbook.Book{Sources: []addrbook.Source{own, more, less}}
		more.Book, less.Book = bk, bk
		if moreTrustedFirst {
			assert.Empty(t, fetch(t, more).Conflicts)
			assert.Equal(t, []*addrbook.ConflictError{{Name: "n.i2p", Known: whole(a), Offered: whole(b), Source: feedURL}}, fetch(t, less).Conflicts)
		} else {
			assert.Empty(t, fetch(t, less).Conflicts)
			r := fetch(t, more)
			assert.Equal(t, 2, r.Applied, "a hash and its destination do not contradict")
			assert.Equal(t, []*addrbook.ConflictError{{Name: "n.i2p", Known: whole(b), Offered: whole(a), Source: feedURL, Overruled: true}}, r.Conflicts)
		}
		got, err := bk.Lookup(t.Context(), "n.i2p")
		require.NoError(t, err)
		assert.Equal(t, whole(a), got)
		lessFeed.says(signed(t, at("sub.n.i2p", b, "action=addsubdomain#date=1700000000#oldname=n.i2p#olddest="+b64(a)), &a, &b))
		if r := fetch(t, less); moreTrustedFirst {
			assert.Equal(t, 1, r.Applied, "granted by who has the name")
		} else {
			assert.Equal(t, 1, r.Refused, "its own entry is another")
		}
	}
}

// What a feed may keep is bounded in bytes, and its owners can still move.
func TestFeedBytesAreBounded(t *testing.T) {
	a, b := identity(t), identity(t)
	var lines []string
	for i := range 200 {
		lines = append(lines, signed(t, at(fmt.Sprintf("n%d.i2p", i), a, "date=1700000000#note="+strings.Repeat("x", 1000)), nil, &a))
	}
	s, f := subscribe(t, lines...)
	s.MaxBytes = 100 << 10
	r := fetch(t, s)
	assert.Equal(t, 200, r.Applied+r.Refused)
	assert.Greater(t, r.Refused, 100)
	size := func() int {
		fi, err := os.Stat(s.Path)
		require.NoError(t, err)
		return int(fi.Size())
	}
	assert.LessOrEqual(t, size(), 110<<10)
	second := signed(t, at("n0.i2p", b, "action=adddest#date=1700000001#olddest="+b64(a)), &a, &b)
	move := signed(t, at("n1.i2p", b, "action=changedest#date=1700000001#olddest="+b64(a)), &a, &b)
	leave := signed(t, "#!action=remove#date=1700000001#dest="+b64(a)+"#name=n2.i2p", nil, &a)
	f.says(second, at("new.i2p", b, ""), move, leave)
	r = fetch(t, s)
	assert.Equal(t, [2]int{2, 2}, [...]int{r.Applied, r.Refused}, "%v", r.Problems)
	got, err := s.Lookup(t.Context(), "n1.i2p")
	require.NoError(t, err)
	assert.Equal(t, whole(b), got)
	assert.LessOrEqual(t, size(), 110<<10)
	s = &addrbook.Subscription{URL: s.URL, Path: s.Path, Dialer: s.Dialer, MaxBytes: 1}
	r = fetch(t, s)
	assert.Equal(t, [2]int{2, 2}, [...]int{r.Unchanged, r.Refused}, "what is there can be read under a lower bound")
}
