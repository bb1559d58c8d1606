package addrbook_test

import (
	"maps"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
)

func TestSubscriptionState(t *testing.T) {
	a := identity(t)
	s, _ := subscribe(t, at("n.i2p", a, ""))
	fetch(t, s)
	good, err := os.ReadFile(s.Path)
	require.NoError(t, err)
	reopen := func() *addrbook.Subscription {
		return &addrbook.Subscription{URL: s.URL, Path: s.Path, Dialer: s.Dialer}
	}
	for name, text := range map[string]string{
		"empty": "", "cut": string(good[:len(good)/2]), "bad name": strings.Replace(string(good), "n.i2p", "router.i2p", 1),
		"bad destination": strings.Replace(string(good), b64(a), b64(a)[:500], 1), "version": strings.Replace(string(good), `"version":1`, `"version":2`, 1),
		"null entry": `{"version":1,"url":"` + feedURL + `","entries":{"n.i2p":null}}`, "no entries": `{"version":1,"url":"` + feedURL + `","entries":null}`,
		"zero destination": `{"version":1,"url":"` + feedURL + `","entries":{"n.i2p":{"dests":[""],"seen":1}}}`,
		"header injected":  `{"version":1,"url":"` + feedURL + `","etag":"a\r\nb","entries":{}}`,
	} {
		require.NoError(t, os.WriteFile(s.Path, []byte(text), 0o600))
		broken := reopen()
		_, err := broken.Lookup(t.Context(), "n.i2p")
		require.Error(t, err, name)
		assert.NotErrorIs(t, err, addrbook.ErrNotFound, "%s: broken is not absent", name)
		_, err = broken.Fetch(t.Context())
		assert.Error(t, err, name)
		left, err := os.ReadFile(s.Path)
		require.NoError(t, err)
		assert.Equal(t, text, string(left), name)
		require.NoError(t, os.WriteFile(s.Path, good, 0o600))
		_, err = broken.Lookup(t.Context(), "n.i2p")
		assert.NoError(t, err, "a mended file is taken at the next use")
	}
	other := reopen()
	other.URL = "http://other.i2p/"
	_, err = other.Lookup(t.Context(), "n.i2p")
	assert.Error(t, err, "the state of another feed")

	unwritable, _ := subscribe(t, at("n.i2p", a, ""))
	unwritable.Path = filepath.Join(unwritable.Path, "in", "nothing")
	_, err = unwritable.Fetch(t.Context())
	assert.Error(t, err)
	assert.Empty(t, maps.Collect(unwritable.All()), "what is not on the disk is not in the book")
}

// FuzzState: a damaged file is an error, not a wrong name.
func FuzzState(f *testing.F) {
	f.Add([]byte(`{"version":1,"url":"` + feedURL + `","entries":{"n.i2p":{"dests":["` + b64(vector(f, 0, 0x40)) + `"],"seen":1}}}`))
	f.Add([]byte(`{"entries":{}}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		path := filepath.Join(t.TempDir(), "feed.json")
		require.NoError(t, os.WriteFile(path, text, 0o600))
		s := &addrbook.Subscription{URL: feedURL, Path: path}
		for name, d := range s.All() {
			require.False(t, d.IsZero())
			got, err := s.Lookup(t.Context(), name)
			require.NoError(t, err)
			require.Equal(t, d, got)
		}
	})
}
