package addrbook_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

// hostsOf makes a source of names.
func hostsOf(t testing.TB, b book) *addrbook.Hosts {
	h := new(addrbook.Hosts)
	for name, d := range b {
		require.NoError(t, h.Add(name, d))
	}
	return h
}

// router is a source whose answers a test changes, and which counts questions.
type router struct {
	mu    sync.Mutex
	names book
	err   error
	delay time.Duration
	asked atomic.Int32
}

func (r *router) Lookup(ctx context.Context, name string) (addrbook.Address, error) {
	r.asked.Add(1)
	select {
	case <-time.After(r.delay):
	case <-ctx.Done():
		return addrbook.Address{}, ctx.Err()
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err != nil {
		return addrbook.Address{}, r.err
	}
	if d, ok := r.names[name]; ok {
		return d, nil
	}
	return addrbook.Address{}, fmt.Errorf("router: %w", addrbook.ErrNotFound)
}

func (r *router) set(name string, d addrbook.Address) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.names[name] = d
}

func TestBookOrder(t *testing.T) {
	a, b, c := destination(t), destination(t), destination(t)
	r := &router{names: book{"a.i2p": c, "b.i2p": c, "c.i2p": c}}
	bk := &addrbook.Book{Sources: []addrbook.Source{hostsOf(t, book{"a.i2p": a}), hostsOf(t, book{"a.i2p": b, "b.i2p": b})}, Router: r}
	for name, want := range map[string]addrbook.Address{"a.i2p": a, "A.I2P.": a, "b.i2p": b, "c.i2p": c, a.Text(): a, a.Base32(): hashOf(t, a)} {
		got, err := bk.Lookup(t.Context(), name)
		require.NoError(t, err, name)
		assert.Equal(t, want, got, name)
	}
	assert.EqualValues(t, 1, r.asked.Load(), "only for what no other knows")
	for name, want := range map[string]error{
		"none.i2p":    addrbook.ErrNotFound,
		"example.com": i2phost.ErrNotI2P, "127.0.0.1": i2phost.ErrNotI2P, "a b.i2p": i2phost.ErrMalformed, "": i2phost.ErrMalformed,
	} {
		_, err := bk.Lookup(t.Context(), name)
		assert.ErrorIs(t, err, want, name)
	}
	_, err := new(addrbook.Book).Lookup(t.Context(), "a.i2p")
	assert.ErrorIs(t, err, addrbook.ErrNotFound)
}

func TestBookBrokenSource(t *testing.T) {
	broken := errors.New("broken disk")
	a := destination(t)
	bad := addrbook.SourceFunc{Func: func(context.Context, string) (keys.Destination, error) { return keys.Destination{}, broken }}
	last := hostsOf(t, book{"a.i2p": a, "first.i2p": a})
	var source *addrbook.SourceError
	for _, bk := range []*addrbook.Book{
		{Sources: []addrbook.Source{new(addrbook.Hosts), bad, last}},
		{Sources: []addrbook.Source{new(addrbook.Hosts), hostsOf(t, book{"b.i2p": a})}, Router: bad},
	} {
		_, err := bk.Lookup(t.Context(), "a.i2p")
		require.ErrorAs(t, err, &source)
		assert.ErrorIs(t, err, broken)
		assert.NotErrorIs(t, err, addrbook.ErrNotFound)
	}
	assert.Equal(t, "router", source.Source)
	bk := &addrbook.Book{Sources: []addrbook.Source{last, bad}}
	_, err := bk.Lookup(t.Context(), "first.i2p")
	assert.NoError(t, err, "it was not asked")
	zero := addrbook.SourceFunc{Func: func(context.Context, string) (keys.Destination, error) { return keys.Destination{}, nil }}
	_, err = (&addrbook.Book{Sources: []addrbook.Source{zero}}).Lookup(t.Context(), "a.i2p")
	assert.ErrorIs(t, err, keys.ErrMalformed)
	absent := addrbook.SourceFunc{Func: bad.Func, NotFound: func(err error) bool { return errors.Is(err, broken) }}
	_, err = (&addrbook.Book{Sources: []addrbook.Source{absent}}).Lookup(t.Context(), "a.i2p")
	assert.ErrorIs(t, err, addrbook.ErrNotFound)
}

func TestBookKeepsFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a, b, c := destination(t), destination(t), destination(t)
		r := &router{names: book{"a.i2p": a}}
		own := openFile(t, filepath.Join(t.TempDir(), "own.txt"))
		table := new(addrbook.Hosts)
		var told []*addrbook.ConflictError
		bk := &addrbook.Book{Sources: []addrbook.Source{own, notMine{table}}, Router: r, OnConflict: func(e *addrbook.ConflictError) { told = append(told, e) }}
		lookup := func() (addrbook.Address, error) { return bk.Lookup(t.Context(), "a.i2p") }

		_, err := lookup()
		require.NoError(t, err)
		r.set("a.i2p", b)
		d, err := lookup()
		require.NoError(t, err)
		assert.Equal(t, a, d, "an answer is used for ten minutes")
		time.Sleep(11 * time.Minute)
		want := &addrbook.ConflictError{Name: "a.i2p", Known: hashOf(t, a), Offered: b, Source: "router"}
		for range 2 {
			_, err = lookup()
			assert.Equal(t, want, err)
		}
		assert.Equal(t, []*addrbook.ConflictError{want}, told, "told once, and asked once")
		assert.EqualValues(t, 2, r.asked.Load())

		require.NoError(t, table.Add("a.i2p", c))
		_, err = lookup()
		assert.Equal(t, &addrbook.ConflictError{Name: "a.i2p", Known: hashOf(t, a), Offered: c, Source: "1"}, err, "a source that vouches for nothing")
		require.NoError(t, own.Set("a.i2p", b))
		d, err = lookup()
		require.NoError(t, err)
		assert.Equal(t, b, d, "the owner decides")
		require.NoError(t, own.Remove("a.i2p"))
		d, err = lookup()
		require.NoError(t, err)
		assert.Equal(t, c, d, "and all before is forgotten")
		require.NoError(t, table.Set("a.i2p", a))
		_, err = lookup()
		assert.ErrorIs(t, err, addrbook.ErrConflict)
		require.NoError(t, bk.Forget("A.I2P"))
		_, err = lookup()
		assert.NoError(t, err)
		assert.Len(t, told, 3)
		for _, e := range told {
			assert.NotContains(t, e.Error(), "a.i2p")
		}
	})
}

// notMine hides that the table is the program's own.
type notMine struct{ addrbook.Source }

func TestBookNegativeAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := destination(t)
		r := &router{names: book{}}
		own := openFile(t, filepath.Join(t.TempDir(), "own.txt"))
		bk := &addrbook.Book{Sources: []addrbook.Source{own}, Router: r}
		for range 3 {
			_, err := bk.Lookup(t.Context(), "a.i2p")
			assert.ErrorIs(t, err, addrbook.ErrNotFound)
		}
		assert.EqualValues(t, 1, r.asked.Load())
		r.set("a.i2p", a)
		time.Sleep(10*time.Second + 1)
		_, err := bk.Lookup(t.Context(), "a.i2p")
		assert.NoError(t, err, "they are short-lived")
		_, err = bk.Lookup(t.Context(), "b.i2p")
		require.ErrorIs(t, err, addrbook.ErrNotFound)
		require.NoError(t, own.Add("b.i2p", a))
		_, err = bk.Lookup(t.Context(), "b.i2p")
		assert.NoError(t, err, "they do not hide what the program adds")
		r.err = errors.New("router down")
		for range 2 {
			_, err = bk.Lookup(t.Context(), "c.i2p")
			assert.ErrorIs(t, err, r.err)
		}
		assert.EqualValues(t, 5, r.asked.Load(), "failures are not kept")

		r.err, bk = nil, &addrbook.Book{Router: r, NegativeTime: -1, CacheTime: -1}
		for range 2 {
			bk.Lookup(t.Context(), "none.i2p")
			bk.Lookup(t.Context(), "a.i2p")
		}
		assert.EqualValues(t, 9, r.asked.Load())
	})
}

func TestBookCollapsesLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := destination(t)
		r := &router{names: book{"a.i2p": a}, delay: 20 * time.Second}
		bk := &addrbook.Book{Router: r}
		ctx, cancel := context.WithTimeoutCause(t.Context(), time.Second, errors.New("impatient"))
		defer cancel()
		var wg sync.WaitGroup
		wg.Go(func() {
			start := time.Now()
			_, err := bk.Lookup(ctx, "a.i2p")
			assert.EqualError(t, err, "impatient")
			assert.Equal(t, time.Second, time.Since(start))
		})
		for range 10 {
			wg.Go(func() {
				d, err := bk.Lookup(t.Context(), "a.i2p")
				assert.NoError(t, err)
				assert.Equal(t, a, d)
			})
		}
		wg.Wait()
		assert.EqualValues(t, 1, r.asked.Load())

		r.delay = time.Hour
		start := time.Now()
		_, err := bk.Lookup(t.Context(), "b.i2p")
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, 30*time.Second, time.Since(start))
	})
}

// Who asks for one name after the other and never waits does not fill the memory with questions.
func TestBookQuestionsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := destination(t)
		r := &router{names: book{"host0.i2p": a, "late.i2p": a}, delay: 20 * time.Second}
		bk := &addrbook.Book{Router: r}
		gone, cancel := context.WithCancel(t.Context())
		cancel()
		for i := range 2000 {
			bk.Lookup(gone, fmt.Sprintf("host%d.i2p", i))
		}
		synctest.Wait()
		assert.EqualValues(t, 512, r.asked.Load())
		began := time.Now()
		_, err := bk.Lookup(t.Context(), "late.i2p")
		var source *addrbook.SourceError
		require.ErrorAs(t, err, &source)
		assert.Equal(t, "router", source.Source)
		assert.NotErrorIs(t, err, addrbook.ErrNotFound)
		assert.Zero(t, time.Since(began))
		got, err := bk.Lookup(t.Context(), "host0.i2p")
		require.NoError(t, err, "which was asked for")
		assert.Equal(t, a, got)
		got, err = bk.Lookup(t.Context(), "late.i2p")
		require.NoError(t, err, "now that there is room")
		assert.Equal(t, a, got)
	})
}

func TestBookMemoryIsBounded(t *testing.T) {
	a := destination(t)
	r := &router{names: book{}}
	bk := &addrbook.Book{Router: r, CacheSize: 3}
	name := func(i int) string { return fmt.Sprintf("host%d.i2p", i) }
	for i := range 5 {
		r.set(name(i), a)
		_, err := bk.Lookup(t.Context(), name(i))
		require.NoError(t, err)
	}
	for _, i := range []int{2, 3, 4} {
		_, err := bk.Lookup(t.Context(), name(i))
		require.NoError(t, err)
	}
	assert.EqualValues(t, 5, r.asked.Load(), "the last three are remembered")
	_, err := bk.Lookup(t.Context(), name(0))
	require.NoError(t, err)
	assert.EqualValues(t, 6, r.asked.Load())
}

func TestLookupGarliCat(t *testing.T) {
	a := whole(vector(t, 0, 0x40))
	b := destination(t)
	first, last := netip.MustParseAddr("fd60:db4d:ddb5:833:d2b5:57c:c796:d660"), netip.MustParseAddr("fd60:db4d:ddb5:aa0b:69ae:fdf7:9af:eb10")
	own := hostsOf(t, book{"b.i2p": b})
	feed := hostsOf(t, book{"a.i2p": a, "alias.i2p": a})
	bk := &addrbook.Book{Sources: []addrbook.Source{own, feed}}
	for _, addr := range []netip.Addr{first, last} {
		d, err := bk.LookupGarliCat(t.Context(), addr)
		require.NoError(t, err)
		assert.Equal(t, a, d)
		name, ok := i2phost.GarliCat(addr)
		require.True(t, ok)
		d, err = bk.Lookup(t.Context(), name)
		require.NoError(t, err)
		assert.Equal(t, a, d)
	}
	for _, text := range []string{"fd60:db4d:ddb5::1", "fd87:d87e:eb43::1", "::1", "10.0.0.1"} {
		_, err := bk.LookupGarliCat(t.Context(), netip.MustParseAddr(text))
		assert.ErrorIs(t, err, addrbook.ErrNotFound, text)
	}
	addr, _ := i2phost.GarliCatAddrs(dest(destination(t)).Hash())
	_, err := bk.LookupGarliCat(t.Context(), addr)
	assert.ErrorIs(t, err, addrbook.ErrNotFound)

	c := destination(t)
	require.NoError(t, feed.Add("c.i2p", c))
	addr, _ = i2phost.GarliCatAddrs(dest(c).Hash())
	d, err := bk.LookupGarliCat(t.Context(), addr)
	require.NoError(t, err, "a change is seen")
	assert.Equal(t, c, d)
	require.NoError(t, own.Add("a.i2p", b))
	_, err = bk.LookupGarliCat(t.Context(), first)
	assert.NoError(t, err, "its other name is left")
	require.NoError(t, own.Add("alias.i2p", b))
	_, err = bk.LookupGarliCat(t.Context(), first)
	assert.ErrorIs(t, err, addrbook.ErrNotFound, "the own entries for its names lead elsewhere")
}

// twins share the 80 bits that the last 16 characters hold: nobody knows who is meant.
func TestGarliCatAmbiguous(t *testing.T) {
	a, b := destination(t), destination(t)
	addr := netip.MustParseAddr("fd60:db4d:ddb5::1")
	assert.False(t, addrbook.AmbiguousGarliCat(addr, dest(a), dest(a)))
	assert.True(t, addrbook.AmbiguousGarliCat(addr, dest(a), dest(b)))
	assert.True(t, addrbook.AmbiguousGarliCat(addr, dest(a), dest(b), dest(a)))
}
