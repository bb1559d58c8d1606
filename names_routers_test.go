package i2psocks_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/internal/routertest"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

// named is an identity with a site on a router, which tells whose it is.
type named struct {
	keys.Identity
	ep *i2psocks.Endpoint
}

func newNamed(t *testing.T, nw *i2pnet.Network, router int) named {
	id, err := keys.Generate()
	require.NoError(t, err)
	ep := withIdentity(t, routertest.Endpoint(t, nw, router), id)
	return named{id, ep}
}

// withIdentity makes an identity that of an endpoint.
func withIdentity(t *testing.T, ep *i2psocks.Endpoint, id keys.Identity) *i2psocks.Endpoint {
	store := new(keys.Memory)
	require.NoError(t, store.Save(t.Context(), "default", id))
	ep.Keys = store
	return ep
}

// up waits until all stand. They come up at the same time, since i2pd takes as long for many as for one.
func up(t *testing.T, endpoints ...*i2psocks.Endpoint) {
	var wg sync.WaitGroup
	for _, ep := range endpoints {
		wg.Go(func() { assert.NoError(t, ep.Up(t.Context())) })
	}
	wg.Wait()
}

// again tries until it succeeds, as in a young network lease sets may not be found at once.
func again(t *testing.T, try func() error) {
	for end := time.Now().Add(2 * time.Minute); ; time.Sleep(time.Second) {
		err := try()
		if err == nil {
			return
		}
		require.True(t, time.Now().Before(end), "%v", err)
	}
}

// text is a site of one page.
func text(s string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, s) })
}

// entry is a line of a feed that the destination has signed, and the one before it if there was one.
func entry(t *testing.T, name string, d named, date int, before *named) string {
	r := addrbook.Record{Name: name, Destination: d.Destination(), Properties: []addrbook.Property{{Key: "date", Value: fmt.Sprint(date)}}}
	var err error
	if before != nil {
		r.Properties = append(r.Properties, addrbook.Property{Key: "action", Value: "changedest"},
			addrbook.Property{Key: "olddest", Value: before.Destination().Base64()})
		r, err = r.SignOld(before.Identity)
		require.NoError(t, err)
	}
	r, err = r.Sign(d.Identity)
	require.NoError(t, err)
	return r.String() + "\n"
}

// TestNamesOnRouters: a name that a feed in I2P teaches an endpoint, from its first day to its owner's move
// and past the feed's end, against a feed that lies in between.
func TestNamesOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{})
	ctx := t.Context()
	first, second, stranger := newNamed(t, nw, 0), newNamed(t, nw, 0), newNamed(t, nw, 0)
	publisher, reader, heir := routertest.Endpoint(t, nw, 0), routertest.Endpoint(t, nw, 1), routertest.Endpoint(t, nw, 1)

	var feed atomic.Pointer[string]
	publish := func(lines ...string) {
		body := strings.Join(lines, "")
		feed.Store(&body)
	}
	path := filepath.Join(t.TempDir(), "feed.json")
	subscribe := func(ep *i2psocks.Endpoint) *addrbook.Subscription { // fetches through the endpoint alone
		book := new(addrbook.Book)
		s := &addrbook.Subscription{URL: "http://" + publisher.Addr().Host + "/hosts.txt", Path: path, Book: book}
		book.Sources = []addrbook.Source{s}
		ep.Book = book
		s.Dialer = ep
		return s
	}
	subscription, kept := subscribe(reader), subscribe(heir)

	up(t, publisher, first.ep, second.ep, reader, heir)
	serve(t, first.ep, text("the first"))
	serve(t, second.ep, text("the second"))
	serve(t, publisher, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body := *feed.Load()
		w.Header().Set("ETag", `"`+sum([]byte(body))+`"`)
		http.ServeContent(w, r, "hosts.txt", time.Time{}, strings.NewReader(body))
	}))

	fetch := func() (r addrbook.Report) {
		again(t, func() (err error) {
			r, err = subscription.Fetch(ctx)
			return err
		})
		return r
	}
	says := func(ep *i2psocks.Endpoint) (page string) { // what named.i2p says through SOCKS
		px := listenSOCKS(t, ep, "127.0.0.1:0")
		defer px.Close()
		again(t, func() (err error) {
			page, err = routertest.Visit(ctx, through(px, "", ""), "named.i2p", 20*time.Second)
			return err
		})
		return page
	}

	_, err := through(listenSOCKS(t, reader, "127.0.0.1:0"), "", "").DialContext(ctx, "tcp", "named.i2p:80")
	assert.Equal(t, socks.HostUnreachable, replyOf(t, err), "nobody has told yet")

	begin := entry(t, "named.i2p", first, 1700000000, nil)
	publish(begin)
	assert.Equal(t, 1, fetch().Applied)
	assert.Equal(t, "the first", says(reader))
	assert.True(t, fetch().NotModified)

	forged := strings.Replace(entry(t, "named.i2p", stranger, 1700000001, &first), "date=1700000001", "date=1700000002", 1)
	usurped := entry(t, "named.i2p", stranger, 1700000003, &second)
	claimed := entry(t, "named.i2p", stranger, 1700000004, nil)
	publish(begin, forged, usurped, claimed, "named.i2p="+stranger.Destination().Base64()+"\n")
	r := fetch()
	assert.Equal(t, [3]int{0, 1, 4}, [...]int{r.Applied, r.Unchanged, r.Refused})
	if assert.Len(t, r.Problems, 4) {
		assert.ErrorIs(t, r.Problems[0], addrbook.ErrSignature)
	}
	for _, c := range r.Conflicts {
		assert.Equal(t, addrbook.ConflictError{Name: "named.i2p", Known: addrbook.AddressOf(first.Destination()), Offered: addrbook.AddressOf(stranger.Destination()), Source: subscription.URL}, *c)
	}
	assert.Len(t, r.Conflicts, 3)
	assert.Equal(t, "the first", says(reader))

	before, err := os.ReadFile(path)
	require.NoError(t, err)
	for _, corrupt := range []string{strings.Repeat("\x00\xff\n", 1000), "<html>\n<body>\n" + claimed + "</body>\n</html>\n", "\n"} {
		publish(corrupt)
		again(t, func() error {
			_, err := subscription.Fetch(ctx)
			if errors.Is(err, addrbook.ErrRefused) {
				return nil
			}
			return fmt.Errorf("it did not come that far: %w", err)
		})
		after, err := os.ReadFile(path)
		require.NoError(t, err)
		assert.Equal(t, string(before), string(after))
	}

	publish(begin, forged, entry(t, "named.i2p", second, 1700000005, &first))
	r = fetch()
	assert.Equal(t, [3]int{1, 1, 1}, [...]int{r.Applied, r.Unchanged, r.Refused})
	assert.Equal(t, "the second", says(reader))

	require.NoError(t, reader.Close())
	require.NoError(t, publisher.Close())
	assert.Equal(t, "the second", says(heir), "which has the file alone")
	d, err := kept.Lookup(ctx, "named.i2p")
	require.NoError(t, err)
	assert.Equal(t, addrbook.AddressOf(second.Destination()), d)
}
