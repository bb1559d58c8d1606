package addrbook_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
)

// Names that do not exist push no pin out, however many are asked for, nor do names that do.
func TestPinsStay(t *testing.T) {
	good, evil := destination(t), destination(t)
	r := &router{names: book{"bank.i2p": good}}
	b := &addrbook.Book{Router: r, CacheTime: -1, CacheSize: 8, MaxPins: 16}
	lookup := func(name string) error {
		_, err := b.Lookup(t.Context(), name)
		return err
	}
	require.NoError(t, lookup("bank.i2p"))
	r.set("bank.i2p", evil)
	assert.ErrorIs(t, lookup("bank.i2p"), addrbook.ErrConflict)
	for i := range 100 {
		assert.ErrorIs(t, lookup(fmt.Sprintf("none%d.i2p", i)), addrbook.ErrNotFound)
		r.set(fmt.Sprintf("some%d.i2p", i), evil)
		assert.NoError(t, lookup(fmt.Sprintf("some%d.i2p", i)))
	}
	assert.ErrorIs(t, lookup("bank.i2p"), addrbook.ErrConflict)
	r.set("some14.i2p", good)
	assert.ErrorIs(t, lookup("some14.i2p"), addrbook.ErrConflict, "the sixteenth pin")
	r.set("some15.i2p", good)
	assert.NoError(t, lookup("some15.i2p"), "past the bound there is none")
}

// A program that holds the file of the pins for long holds up no lookup for longer than its context, however many wait.
func TestPinsLocked(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "pins.txt")
		d, former := destination(t), destination(t)
		require.NoError(t, openFile(t, path).Add("own.i2p", former))
		b := &addrbook.Book{
			Sources: []addrbook.Source{hostsOf(t, book{"own.i2p": d}), &router{names: book{"n.i2p": d}}},
			Router:  &router{names: book{"far.i2p": d}}, Pins: openFile(t, path),
		}
		err := openFile(t, path).Update(func(*addrbook.Hosts) error {
			began := time.Now()
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			var wg sync.WaitGroup
			for _, name := range []string{"own.i2p", "own.i2p", "n.i2p", "far.i2p"} {
				wg.Go(func() {
					_, err := b.Lookup(ctx, name)
					assert.ErrorIs(t, err, context.DeadlineExceeded, name)
				})
			}
			wg.Wait()
			assert.Equal(t, time.Second, time.Since(began))
			return nil
		})
		require.NoError(t, err)
		time.Sleep(time.Minute) // the question to the router goes on
		for _, name := range []string{"own.i2p", "n.i2p", "far.i2p"} {
			got, err := b.Lookup(t.Context(), name)
			require.NoError(t, err)
			assert.Equal(t, d, got)
		}
	})
}

// Pins that have a file outlive the program, are shared by programs, and are needed.
func TestPinsKept(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pins.txt")
	good, evil, other := destination(t), destination(t), destination(t)
	r := &router{names: book{"bank.i2p": good}}
	open := func() *addrbook.Book {
		return &addrbook.Book{Router: r, Pins: openFile(t, path), CacheTime: -1, NegativeTime: -1}
	}
	first, second := open(), open()
	_, err := first.Lookup(t.Context(), "bank.i2p")
	require.NoError(t, err)
	assert.Equal(t, "bank.i2p="+good.Base32()+"\n", read(t, path))

	r.set("bank.i2p", evil)
	var conflict *addrbook.ConflictError
	for name, b := range map[string]*addrbook.Book{"the same": first, "beside it": second, "after a restart": open()} {
		_, err = b.Lookup(t.Context(), "bank.i2p")
		require.ErrorAs(t, err, &conflict, name)
		assert.True(t, conflict.Known.Same(good), name)
		assert.Equal(t, evil, conflict.Offered, name)
		assert.Equal(t, "router", conflict.Source, name)
	}
	require.NoError(t, first.Forget("bank.i2p"))
	_, err = open().Lookup(t.Context(), "bank.i2p")
	assert.NoError(t, err)

	r.set("new.i2p", other)
	require.NoError(t, os.Rename(path, path+"~"))
	var source *addrbook.SourceError
	_, err = first.Lookup(t.Context(), "new.i2p")
	require.ErrorAs(t, err, &source)
	assert.ErrorIs(t, err, addrbook.ErrGone, "what cannot be pinned is not answered")
	assert.NotErrorIs(t, err, addrbook.ErrNotFound)
}

// A pin is a hash: a whole destination, and its hash, fit it.
func TestPinsAreHashes(t *testing.T) {
	a := destination(t)
	r := &router{names: book{"a.i2p": hashOf(t, a)}}
	b := &addrbook.Book{Router: r, CacheTime: -1}
	for _, said := range []addrbook.Address{hashOf(t, a), a, hashOf(t, a)} {
		r.set("a.i2p", said)
		got, err := b.Lookup(t.Context(), "a.i2p")
		require.NoError(t, err)
		assert.Equal(t, said, got)
	}
}

// BenchmarkPins looks up names that are not known yet, and pins them in memory.
func BenchmarkPins(b *testing.B) {
	d := destination(b)
	names := make([]string, 16<<10)
	for i := range names {
		names[i] = fmt.Sprintf("n%d.i2p", i)
	}
	source := sourceFunc(func(context.Context, string) (addrbook.Address, error) { return d, nil })
	for b.Loop() {
		bk := &addrbook.Book{Sources: []addrbook.Source{source}}
		for _, name := range names {
			if _, err := bk.Lookup(b.Context(), name); err != nil {
				b.Fatal(err)
			}
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(names)), "ns/name")
}
