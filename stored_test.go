package i2psocks_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

// TestMaxPersistent: whoever invents user names makes no more keys than there may be, also after a restart.
func TestMaxPersistent(t *testing.T) { overBoth(t, testMaxPersistent) }

func testMaxPersistent(t *testing.T, nw *network) {
	r, first, visit := isolation(t, nw)
	dir := t.TempDir()
	open := func() (*i2psocks.Endpoint, func(user string) *socks.Dialer) {
		ep := on(t, r)
		ep.Hosts, ep.Dir, ep.NoSecret = first.Hosts, filepath.Join(dir, "state"), true
		ep.Isolation = i2psocks.Isolation{Persistent: true, MaxPersistent: 3}
		px, err := ep.ListenSOCKS(t.Context(), "unix", filepath.Join(dir, "socks"))
		require.NoError(t, err)
		return ep, func(user string) *socks.Dialer {
			return &socks.Dialer{Network: "unix", Address: px.Addr().String(), Username: user, Password: "x"}
		}
	}
	ep, as := open()
	before := []string{visit(as("alice")), visit(as("bob")), visit(ep.Isolate("alice"))}
	for again := range 2 {
		for n := range 20 {
			_, err := as(fmt.Sprint("new", n)).DialContext(t.Context(), "tcp", "hello.i2p:80")
			require.Equal(t, socks.NotAllowed, replyOf(t, err))
			err = ep.Isolate(fmt.Sprint("new", n)).Up(t.Context())
			require.ErrorIs(t, err, i2psocks.ErrMaxPersistent)
			require.NotErrorIs(t, err, syscall.EDQUOT, "for which other clients would have to give way")
		}
		assert.Equal(t, before, []string{visit(as("alice")), visit(as("bob")), visit(ep.Isolate("alice"))})
		require.NoError(t, ep.Close())
		if again == 0 {
			ep, as = open()
		}
	}
	store, err := keys.OpenDir(filepath.Join(dir, "state", "keys"))
	require.NoError(t, err)
	defer store.Close()
	names, err := store.Names(t.Context())
	require.NoError(t, err)
	assert.Len(t, names, 4, "three tokens and the endpoint's own")
}

// tokenName is the name of the nth identity of a token.
func tokenName(n int) string { return fmt.Sprintf("i-%040x", n) }

// listedStore is a store that counts how often it is listed.
type listedStore struct {
	keys.Memory
	times atomic.Int32
}

func (l *listedStore) Names(ctx context.Context) ([]string, error) {
	l.times.Add(1)
	return l.Memory.Names(ctx)
}

// fill saves the identities of n tokens, from the first on, at once, and returns how many there was no room for.
func fill(t *testing.T, store keys.Store, first, n int) (refused int) {
	id, err := keys.Generate()
	require.NoError(t, err)
	var full atomic.Int32
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			switch err := store.Save(t.Context(), tokenName(first+i), id); {
			case errors.Is(err, i2psocks.ErrMaxPersistent):
				full.Add(1)
			default:
				assert.NoError(t, err)
			}
		})
	}
	all.Wait()
	return int(full.Load())
}

func TestBoundedStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		kept := new(listedStore)
		id, err := keys.Generate()
		require.NoError(t, err)
		for _, name := range []string{"default", "i-mine", "i-" + "0123456789abcdef0123", tokenName(1000)} {
			require.NoError(t, kept.Save(ctx, name, id))
		}
		store := i2psocks.BoundStore(kept, 10)
		assert.Equal(t, 41, fill(t, store, 0, 50), "one is there already, of another run")
		assert.EqualValues(t, 1, kept.times.Load())

		// What the program deletes is known soon.
		require.NoError(t, kept.Delete(ctx, tokenName(1000)))
		require.NoError(t, kept.Delete(ctx, "i-mine"))
		assert.Equal(t, 5, fill(t, store, 2000, 5))
		time.Sleep(time.Minute)
		assert.Equal(t, 4, fill(t, store, 2000, 5))
		assert.EqualValues(t, 2, kept.times.Load())

		// So is what others save.
		for n := range 5 {
			require.NoError(t, kept.Delete(ctx, tokenNames(t, kept)[n]))
		}
		kept.times.Store(0)
		fill(t, &kept.Memory, 3000, 4)
		time.Sleep(time.Minute)
		assert.Equal(t, 6, fill(t, store, 4000, 7))
		assert.Len(t, tokenNames(t, kept), 10)
	})
}

// tokenNames are the names of identities of tokens in a store.
func tokenNames(t *testing.T, store *listedStore) (names []string) {
	all, err := store.Memory.Names(t.Context())
	require.NoError(t, err)
	for _, name := range all {
		if len(name) == len(tokenName(0)) {
			names = append(names, name)
		}
	}
	return names
}

func TestBoundedStoreDefaults(t *testing.T) {
	for most, refused := range map[int]int{0: 2, -1: 0, 1030: 0} {
		store := i2psocks.BoundStore(new(keys.Memory), most)
		assert.Equal(t, refused, fill(t, store, 0, i2psocks.DefaultMaxPersistent+2))
	}
}

// faultyStore is a store that cannot save or list.
type faultyStore struct {
	keys.Memory
	save, names error
}

func (b *faultyStore) Save(ctx context.Context, name string, id keys.Identity) error {
	if b.save != nil {
		return b.save
	}
	return b.Memory.Save(ctx, name, id)
}

func (b *faultyStore) Names(ctx context.Context) ([]string, error) {
	if b.names != nil {
		return nil, b.names
	}
	return b.Memory.Names(ctx)
}

// TestBoundedStoreFailures: what was not saved takes no place, and what cannot be counted is not saved.
func TestBoundedStoreFailures(t *testing.T) {
	id, err := keys.Generate()
	require.NoError(t, err)
	kept := &faultyStore{save: errors.New("disk full"), names: errors.New("cannot be listed")}
	store := i2psocks.BoundStore(kept, 2)
	for range 3 {
		assert.Equal(t, kept.names, store.Save(t.Context(), tokenName(1), id))
	}
	kept.names = nil
	for range 3 {
		assert.Equal(t, kept.save, store.Save(t.Context(), tokenName(1), id))
	}
	kept.save = nil
	assert.Equal(t, 1, fill(t, store, 1, 3))
}

// hungStore is a store whose list does not come.
type hungStore struct{ keys.Memory }

func (h *hungStore) Names(ctx context.Context) ([]string, error) {
	<-ctx.Done()
	return nil, context.Cause(ctx)
}

// TestBoundedStoreHangs: who waits for the list of another leaves when its own context ends.
func TestBoundedStoreHangs(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		id, err := keys.Generate()
		require.NoError(t, err)
		store := i2psocks.BoundStore(new(hungStore), 2)
		long, leave := context.WithCancel(t.Context())
		first := make(chan error)
		go func() { first <- store.Save(long, tokenName(1), id) }()
		synctest.Wait()
		short, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		assert.ErrorIs(t, store.Save(short, tokenName(2), id), context.DeadlineExceeded)
		leave()
		assert.ErrorIs(t, <-first, context.Canceled)
	})
}
