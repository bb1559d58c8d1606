package i2psocks_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/internal/routertest"
)

// feed is a source that is not the program's own. It stands for what a subscription or a router says.
type feed struct {
	name  string
	to    addrbook.Address
	asked *int
}

func (f feed) Lookup(_ context.Context, name string) (d addrbook.Address, err error) {
	*f.asked++
	if name != f.name {
		return d, addrbook.ErrNotFound
	}
	return f.to, nil
}

// TestTokensShareNoNames: a feed that gives this subscriber a destination of its own for a name does not see the
// endpoint's tokens there, and no lookup of one shows for another.
func TestTokensShareNoNames(t *testing.T) { overBoth(t, testTokensShareNoNames) }

func testTokensShareNoNames(t *testing.T, nw *network) {
	spy, forum, pinned := nw.endpoint(t), nw.endpoint(t), nw.endpoint(t)
	serve(t, spy, text("spy"))
	serve(t, forum, text("forum"))
	serve(t, pinned, text("pinned"))
	nw.setHost("forum.i2p", forum.Addr().Destination)
	own := new(addrbook.Hosts)
	require.NoError(t, own.Add("pinned.i2p", addrbook.AddressOf(pinned.Addr().Destination)))
	var asked int
	open := func(router addrbook.Source) *i2psocks.Endpoint {
		ep := nw.endpoint(t)
		ep.Book = &addrbook.Book{Sources: []addrbook.Source{own, feed{"forum.i2p", addrbook.AddressOf(spy.Addr().Destination), &asked}}, Router: router}
		return ep
	}
	visit := func(d proxy.ContextDialer, host string) (string, error) {
		return routertest.Visit(t.Context(), d, host, time.Minute)
	}

	shy := open(nil)
	page, err := visit(shy, "forum.i2p")
	require.NoError(t, err)
	assert.Equal(t, "spy", page, "the endpoint's own identity is the subscriber")
	asked = 0
	alice := shy.Isolate("alice")
	page, err = visit(alice, "pinned.i2p")
	require.NoError(t, err)
	assert.Equal(t, "pinned", page)
	_, err = visit(alice, "forum.i2p")
	assert.ErrorIs(t, err, dialer.ErrNameNotFound, "a Book that asks no router is one that tells it no names")
	_, err = alice.(interface {
		LookupAddr(context.Context, string) (string, error)
	}).LookupAddr(t.Context(), "forum.i2p")
	assert.ErrorIs(t, err, dialer.ErrNameNotFound)

	frank := open(feed{"router.i2p", addrbook.AddressOf(spy.Addr().Destination), &asked})
	for _, token := range []string{"alice", "bob"} {
		page, err = visit(frank.Isolate(token), "forum.i2p")
		require.NoError(t, err)
		assert.Equal(t, "forum", page, "by the token's own session")
		page, err = visit(frank.Isolate(token), "pinned.i2p")
		require.NoError(t, err)
		assert.Equal(t, "pinned", page)
	}
	assert.Zero(t, asked, "neither the feed nor the Router of the Book")
}

// TestBookOfAToken: a host may give each token a book of its own.
func TestBookOfAToken(t *testing.T) { overBoth(t, testBookOfAToken) }

func testBookOfAToken(t *testing.T, nw *network) {
	site, ep := nw.endpoint(t), nw.endpoint(t)
	serve(t, site, hello)
	var hosts addrbook.Hosts
	require.NoError(t, hosts.Add("hello.i2p", addrbook.AddressOf(site.Addr().Destination)))
	var mu sync.Mutex
	asked := make(map[string]int)
	ep.NoSecret, ep.Book = true, new(addrbook.Book)
	ep.Isolation.Book = func(token string) *addrbook.Book {
		mu.Lock()
		defer mu.Unlock()
		asked[token]++
		if token == "bob" {
			return nil
		}
		return &addrbook.Book{Sources: []addrbook.Source{&hosts}}
	}
	px := listenSOCKS(t, ep, "127.0.0.1:0")
	var seen []string
	for _, d := range []proxy.ContextDialer{ep.Isolate("alice"), through(px, "alice", "x"), through(px, "alice", "y")} {
		page, err := routertest.Visit(t.Context(), d, "hello.i2p", time.Minute)
		require.NoError(t, err)
		seen = append(seen, page)
	}
	assertApart(t, seen...)
	for name, d := range map[string]dialer.Backend{"nil is no book, and the router does not know it": ep.Isolate("bob"), "the endpoint has its own": ep} {
		_, err := d.DialContext(t.Context(), "tcp", "hello.i2p:80")
		assert.ErrorIs(t, err, dialer.ErrNameNotFound, name)
	}
	assert.Len(t, asked, 4)
	assert.Equal(t, 1, asked["alice"])
}
