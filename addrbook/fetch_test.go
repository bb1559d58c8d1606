package addrbook_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"maps"
	"net/http"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
)

func TestFetchConditional(t *testing.T) {
	a := identity(t)
	s, f := subscribe(t, at("n.i2p", a, ""))
	f.header = http.Header{"Etag": {`"v1"`}, "Last-Modified": {"Mon, 02 Jan 2006 15:04:05 GMT"}, "Set-Cookie": {"track=1"}}
	fetch(t, s)
	first := f.requests[0]
	assert.Empty(t, first.Header.Get("If-None-Match"))
	assert.Equal(t, "Wget/1.11.4", first.UserAgent())
	assert.Equal(t, "gzip", first.Header.Get("Accept-Encoding"))

	s = &addrbook.Subscription{URL: s.URL, Path: s.Path, Dialer: s.Dialer} // after a restart
	r := fetch(t, s)
	assert.True(t, r.NotModified)
	assert.Equal(t, 1, r.Names)
	assert.Equal(t, `"v1"`, f.requests[1].Header.Get("If-None-Match"))
	assert.Equal(t, "Mon, 02 Jan 2006 15:04:05 GMT", f.requests[1].Header.Get("If-Modified-Since"))
	assert.Empty(t, f.requests[1].Cookies())
	assert.Len(t, maps.Collect(s.All()), 1, "304 keeps what is known")

	require.NoError(t, s.ForgetVisits())
	assert.False(t, fetch(t, s).NotModified)
	assert.Empty(t, f.requests[2].Header.Get("If-None-Match"))

	f.header = http.Header{"Etag": {strings.Repeat("x", 300)}, "Last-Modified": {"a\u00e9"}}
	fetch(t, s)
	fetch(t, s)
	assert.Empty(t, f.requests[4].Header.Get("If-None-Match"), "no header is kept that is none")
	assert.Empty(t, f.requests[4].Header.Get("If-Modified-Since"))
	f.status = http.StatusNotModified
	_, err := s.Fetch(t.Context())
	assert.ErrorIs(t, err, addrbook.ErrRefused, "nobody asked whether")
}

func gzipped(t testing.TB, s string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, s)
	require.NoError(t, w.Close())
	return b.String()
}

func TestFetchGzip(t *testing.T) {
	a := identity(t)
	s, f := subscribe(t)
	f.body, f.header = gzipped(t, at("n.i2p", a, "")), http.Header{"Content-Encoding": {"gzip"}}
	assert.Equal(t, 1, fetch(t, s).Applied)
}

// TestFetchHostile: whatever comes in place of a feed, what is known and what is on the disk stay
// as they were.
func TestFetchHostile(t *testing.T) {
	good, other := identity(t), identity(t)
	line := at("new.i2p", other, "")
	tests := map[string]struct {
		body, encoding string
		status         int
		want           error
	}{
		"empty":              {"", "", 0, io.ErrUnexpectedEOF},
		"comments":           {"# nothing\n", "", 0, addrbook.ErrRefused},
		"web page":           {"<html>\n<body>\n</body>\n" + line + "\n", "", 0, addrbook.ErrRefused},
		"not found":          {line + "\n", "", 404, addrbook.ErrRefused},
		"error":              {line + "\n", "", 500, addrbook.ErrRefused},
		"partial":            {line + "\n", "", 206, addrbook.ErrRefused},
		"cut in a line":      {line + "\nmore.i2p=" + b64(good)[:100], "", 0, io.ErrUnexpectedEOF},
		"5 MiB and a byte":   {line + "\n" + strings.Repeat(strings.Repeat("#", 1023)+"\n", 5<<10), "", 0, addrbook.ErrRefused},
		"too many lines":     {line + "\n" + strings.Repeat("\n", 60_001), "", 0, addrbook.ErrRefused},
		"gzip bomb":          {gzipped(t, line+"\n"+strings.Repeat("\x00", 6<<20)), "gzip", 0, addrbook.ErrRefused},
		"gzip of short bomb": {gzipped(t, line+"\n"+strings.Repeat(strings.Repeat("#", 1000)+"\n", 6000)), "gzip", 0, addrbook.ErrRefused},
		"gzip cut short":     {gzipped(t, line+"\n"+strings.Repeat(line+"\n", 99))[:200], "gzip", 0, io.ErrUnexpectedEOF},
		"gzip damaged":       {strings.Repeat("x", 100), "gzip", 0, addrbook.ErrRefused},
		"gzip and more":      {gzipped(t, line+"\n") + "more", "gzip", 0, io.ErrUnexpectedEOF},
		"other encoding":     {line + "\n", "br", 0, addrbook.ErrRefused},
		"binary":             {strings.Repeat("\x00\xff\n", 100), "", 0, addrbook.ErrRefused},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			s, f := subscribe(t, at("n.i2p", good, ""))
			f.header = http.Header{"Etag": {`"good"`}}
			fetch(t, s)
			before, err := os.ReadFile(s.Path)
			require.NoError(t, err)
			f.body, f.status = tt.body, tt.status
			f.header = http.Header{"Etag": {`"bad"`}}
			if tt.encoding != "" {
				f.header.Set("Content-Encoding", tt.encoding)
			}
			_, err = s.Fetch(t.Context())
			require.ErrorIs(t, err, tt.want)
			assert.NotContains(t, err.Error(), "feed.i2p")
			assert.Equal(t, book{"n.i2p": whole(good)}, maps.Collect(s.All()))
			after, err := os.ReadFile(s.Path)
			require.NoError(t, err)
			assert.Equal(t, before, after)
		})
	}
}

func TestFetchSkipsBadLines(t *testing.T) {
	a := identity(t)
	s, _ := subscribe(t, at("n.i2p", a, ""), "nonsense", at("router.i2p", a, ""), at("m.i2p", a, ""), at("o.i2p", a, ""), at("p.i2p", a, "x"),
		strings.Repeat("y", 5000), a.String()+"="+b64(a), at("q.i2p", a, ""), at("r.i2p", a, ""))
	r := fetch(t, s)
	assert.Equal(t, 5, r.Applied)
	assert.Equal(t, 5, r.Invalid)
	var lines []int
	for _, p := range r.Problems {
		lines = append(lines, p.Line)
	}
	assert.Equal(t, []int{2, 3, 6, 7, 8}, lines)
}

func TestFetchStaysInI2P(t *testing.T) {
	a := identity(t)
	var asked []string
	mux := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.URL.Host+r.Header.Get("Referer"))
		if to := r.URL.Query().Get("to"); to != "" {
			http.Redirect(w, r, to, http.StatusFound)
			return
		}
		io.WriteString(w, at("n.i2p", a, "")+"\n")
	})
	dialer := inMemory{mux}
	for to, ok := range map[string]bool{
		"http://other.i2p/x": true, "http://" + a.String() + "/": true, "/y": true,
		"https://" + a.String() + "/": false, "http://example.com/": false, "http://127.0.0.1/": false, "http://other.i2p.example.com/": false, "ftp://other.i2p/": false,
		"http://user:pass@other.i2p/": false, "http://feed.i2p/?to=http://feed.i2p/%3Fto=http://localhost/": false,
	} {
		asked = nil
		s := &addrbook.Subscription{URL: feedURL + "?to=" + strings.ReplaceAll(to, "?", "%3F"), Dialer: dialer}
		_, err := s.Fetch(t.Context())
		if ok {
			assert.NoError(t, err, to)
			continue
		}
		assert.ErrorIs(t, err, addrbook.ErrURL, to)
		assert.False(t, slices.ContainsFunc(asked, func(host string) bool { return host != "feed.i2p" }), "%s: %v", to, asked)
	}
	loop := &addrbook.Subscription{URL: feedURL, Dialer: inMemory{http.RedirectHandler("/again", http.StatusFound)}}
	_, err := loop.Fetch(t.Context())
	assert.ErrorIs(t, err, addrbook.ErrRefused)

	for _, bad := range []string{"http://example.com/", "ftp://feed.i2p/", "feed.i2p", "", "http://user@feed.i2p/", "http://127.0.0.1:7657/", "http://%zz/", "http://proxy.i2p/"} {
		_, err := (&addrbook.Subscription{URL: bad, Dialer: dialer}).Fetch(t.Context())
		assert.ErrorIs(t, err, addrbook.ErrURL, bad)
	}
}

// FuzzFetch: whatever a site sends, a name that was known keeps its destination.
func FuzzFetch(f *testing.F) {
	a, b := vector(f, 0, 0x40), vector(f, 0x20, 0x60)
	known := at("known.i2p", a, "") + "\n"
	f.Add(at("n.i2p", a, "date=1700000000#sig="+sigDated)+"\n", false)
	f.Add("#!action=remove#date=1700000000#dest="+b64(a)+"#name=known.i2p#sig="+sigRemove+"\n", false)
	f.Add(at("example.i2p", b, "action=changedest#date=1700000000#olddest="+b64(a)+"#oldsig="+oldsigMoved+"#sig="+sigMoved)+"\n", false)
	f.Add(at("known.i2p", b, "")+"\n"+at("m.i2p", b, "")+"\n", false)
	f.Add(gzipped(f, at("n.i2p", a, "")+"\n"), true)
	f.Fuzz(func(t *testing.T, body string, zip bool) {
		site := &feed{body: known, header: http.Header{}}
		s := &addrbook.Subscription{URL: feedURL, Dialer: inMemory{site}}
		fetch(t, s)
		site.body = body
		if zip {
			site.header.Set("Content-Encoding", "gzip")
		}
		s.Fetch(t.Context())
		d, err := s.Lookup(t.Context(), "known.i2p")
		require.NoError(t, err, "nobody can sign for it here")
		require.Equal(t, whole(a), d)
	})
}
