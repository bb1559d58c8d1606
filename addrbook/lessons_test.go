package addrbook_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
)

// TestFeedWithdrawnStaysWithdrawn: a line without a date does not bring back, when it is read again, the second
// destination that has withdrawn since.
func TestFeedWithdrawnStaysWithdrawn(t *testing.T) {
	a, b := identity(t), identity(t)
	grant := signed(t, at("n.i2p", b, "action=adddest#olddest="+b64(a)), &a, &b)
	withdraw := signed(t, "#!action=remove#date=1700000000#dest="+b64(b)+"#name=n.i2p", nil, &b)
	leave := signed(t, "#!action=remove#date=1700000001#dest="+b64(a)+"#name=n.i2p", nil, &a)
	s, f := subscribe(t, at("n.i2p", a, ""), grant, withdraw)
	assert.Equal(t, 3, fetch(t, s).Applied)
	f.says(grant)
	assert.Equal(t, 1, fetch(t, s).Unchanged)
	f.says(leave)
	fetch(t, s)
	assert.Empty(t, maps.Collect(s.All()), "there is no second destination to take its place")
}

// TestFeedChangeToSecond: the first destination of a name can be given up for the second one.
func TestFeedChangeToSecond(t *testing.T) {
	a, b := identity(t), identity(t)
	move := signed(t, at("n.i2p", b, "action=changedest#date=1700000001#olddest="+b64(a)), &a, &b)
	again := signed(t, at("n.i2p", a, "action=adddest#date=1700000002#olddest="+b64(b)), &b, &a)
	undated := signed(t, at("n.i2p", b, "action=changedest#olddest="+b64(a)), &a, &b)
	s, f := subscribe(t, at("n.i2p", a, ""), signed(t, at("n.i2p", b, "action=adddest#date=1700000000#olddest="+b64(a)), &a, &b))
	assert.Equal(t, 2, fetch(t, s).Applied)
	f.says(move)
	assert.Equal(t, 1, fetch(t, s).Applied)
	assert.Equal(t, book{"n.i2p": whole(b)}, maps.Collect(s.All()))
	assert.True(t, s.Vouches("n.i2p", whole(a)))
	assert.Equal(t, 1, fetch(t, s).Unchanged)
	f.says(again, move, undated)
	r := fetch(t, s)
	assert.Equal(t, [2]int{1, 2}, [...]int{r.Applied, r.Unchanged}, "%v", r.Problems)
}

// TestFeedRemovalKeepsExpiry: who leaves a name does not say how long it lasts for those who stay.
func TestFeedRemovalKeepsExpiry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := identity(t), identity(t)
		for _, limited := range []bool{false, true} {
			start := time.Now()
			date := func(seconds int) string { return fmt.Sprint(start.Unix() + int64(seconds)) }
			s, f := subscribe(t, at("n.i2p", a, ""),
				signed(t, at("n.i2p", b, "action=adddest#date="+date(0)+"#expires="+date(7200)+"#olddest="+b64(a)), &a, &b))
			require.Equal(t, 2, fetch(t, s).Applied)
			ends := ""
			if limited {
				ends = "#expires=" + date(60)
			}
			f.says(signed(t, "#!action=remove#date="+date(1)+ends+"#dest="+b64(b)+"#name=n.i2p", nil, &b))
			require.Equal(t, 1, fetch(t, s).Applied)
			time.Sleep(time.Hour)
			assert.Len(t, maps.Collect(s.All()), 1)
			time.Sleep(time.Hour)
			assert.Empty(t, maps.Collect(s.All()))
		}
	})
}

// TestFetchWithSlowClock: what was refused because the clock was slow is asked for again.
func TestFetchWithSlowClock(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b := identity(t), identity(t)
		later := signed(t, at("n.i2p", a, fmt.Sprintf("date=%d", time.Now().Add(48*time.Hour).Unix())), nil, &a)
		s, f := subscribe(t, at("m.i2p", b, ""), later)
		f.header = http.Header{"Etag": {`"v1"`}, "Last-Modified": {"Mon, 02 Jan 2006 15:04:05 GMT"}}
		assert.Equal(t, 1, fetch(t, s).Refused)
		time.Sleep(48 * time.Hour) // or somebody sets the clock
		assert.Equal(t, 1, fetch(t, s).Applied)
		assert.True(t, fetch(t, s).NotModified)
	})
}

// TestGarliCatOfExpired: one of two names of a destination goes, the destination stays.
func TestGarliCatOfExpired(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := identity(t)
		now := time.Now()
		s, _ := subscribe(t, at("b.i2p", a, ""), signed(t, at("a.i2p", a, fmt.Sprintf("date=%d#expires=%d", now.Unix(), now.Unix()+60)), nil, &a))
		fetch(t, s)
		bk := &addrbook.Book{Sources: []addrbook.Source{s}}
		first, _ := i2phost.GarliCatAddrs(a.Destination().Hash())
		for range 2 {
			d, err := bk.LookupGarliCat(t.Context(), first)
			require.NoError(t, err)
			assert.Equal(t, whole(a), d)
			time.Sleep(time.Hour)
		}
	})
}

// TestFetchMarksStayAtTheirSite: what one site gave to be recognised by is not told to another, by a redirect.
func TestFetchMarksStayAtTheirSite(t *testing.T) {
	a := identity(t)
	marks := make(map[string]string) // that sites were told last
	moved := false
	dialer := inMemory{http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		marks[r.URL.Host] = r.Header.Get("If-None-Match") + r.Header.Get("If-Modified-Since")
		if moved && r.URL.Host == "feed.i2p" {
			http.Redirect(w, r, "http://other.i2p/", http.StatusFound)
			return
		}
		w.Header().Set("ETag", `"of `+r.URL.Host+`"`)
		w.Header().Set("Last-Modified", "Mon, 02 Jan 2006 15:04:05 GMT")
		io.WriteString(w, at("n.i2p", a, "")+"\n")
	})}
	s := &addrbook.Subscription{URL: feedURL, Dialer: dialer}
	fetch(t, s)
	moved = true
	fetch(t, s)
	assert.Contains(t, marks["feed.i2p"], `"of feed.i2p"`)
	assert.Empty(t, marks["other.i2p"])
	fetch(t, s)
	assert.Empty(t, marks["feed.i2p"])
}
