package dialer_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
)

// TestIsolatedManyKeys: ten thousand keys never have more identities than there may be, and never share one.
func TestIsolatedManyKeys(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		const workers, each, limit = 8, 1250, 16
		owners := owners{of: make(map[string]string)}
		var wg sync.WaitGroup
		for w := range workers {
			wg.Go(func() {
				for n := range each {
					key := fmt.Sprint(w, " ", n)
					addr := x.Get(key).Addr()
					if assert.NotZero(t, addr) {
						owners.check(t, key, addr.Host)
					}
				}
			})
		}
		wg.Wait()
		assert.LessOrEqual(t, x.most.Load(), int32(limit))
		assert.Len(t, x.Status(), limit)
		assert.GreaterOrEqual(t, len(owners.of), workers*each)
	})
}

// owners is who was seen with which identity.
type owners struct {
	mu sync.Mutex
	of map[string]string // key by identity
}

func (o *owners) check(t *testing.T, key, identity string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if other, ok := o.of[identity]; ok {
		assert.Equal(t, other, key, "two keys with one identity")
	}
	o.of[identity] = key
}

// TestIsolatedInAnyOrder uses, keeps, leaves and retires keys at random.
func TestIsolatedInAnyOrder(t *testing.T) {
	for _, seed := range []uint64{1, 2, rand.Uint64()} {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			isolated(t, func(t *testing.T, x *fixture) {
				x.Max, x.Spares, x.Idle = 5, 2, time.Second
				owners := owners{of: make(map[string]string)}
				var wg sync.WaitGroup
				for worker := range uint64(8) {
					wg.Go(func() {
						random := rand.New(rand.NewPCG(seed, worker))
						for range 100 {
							x.step(t, random, &owners)
						}
					})
				}
				wg.Wait()
				assert.Greater(t, len(owners.of), 20)
				assert.LessOrEqual(t, x.most.Load(), int32(7))
			})
		})
	}
}

// step does one thing with one key.
func (x *fixture) step(t *testing.T, random *rand.Rand, owners *owners) {
	key := fmt.Sprint(random.IntN(12))
	pause := time.Duration(random.IntN(1500)) * time.Millisecond
	switch random.IntN(6) {
	case 0:
		assert.NoError(t, x.Get(key).Close())
	case 1:
		x.Status()
	case 2: // leave at once
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		assert.Error(t, x.Get(key).Up(ctx))
	default:
		conn, who, err := x.enter(t.Context(), key)
		if err != nil {
			break // at the limit, or cut by a Close of the key
		}
		owners.check(t, key, who)
		time.Sleep(pause)
		conn.Close()
	}
	time.Sleep(pause / 4)
}

// exclusive is a backend that must be the only one of its key, and takes its time to close, as
// sessions with streams do.
type exclusive struct {
	dialer.Backend
	live *atomic.Int32
}

func (e exclusive) Close() error {
	defer e.live.Add(-1)
	time.Sleep(time.Second)
	return e.Backend.Close()
}

// TestIsolatedLastingIdentities: where a key has the same identity each time, it never has two backends.
func TestIsolatedLastingIdentities(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		x.Max = 2
		var store keys.Memory
		live := map[string]*atomic.Int32{"one": {}, "two": {}, "three": {}}
		x.New = func(ctx context.Context, key string) (dialer.Backend, error) {
			assert.EqualValues(t, 1, live[key].Add(1))
			s := session(x.bridge)
			var err error
			s.Identity, err = keys.LoadOrGenerate(ctx, &store, key)
			return exclusive{s, live[key]}, err
		}
		one := x.visit(t, "one")
		for range 5 {
			closed := make(chan error)
			go func() { closed <- x.Get("one").Close() }()
			synctest.Wait()
			assert.Equal(t, one, x.visit(t, "one"))
			require.NoError(t, <-closed)
			x.visit(t, "two")
			x.visit(t, "three")
		}
	})
}

func ExampleIsolated() {
	sessions := dialer.Isolated{New: func(context.Context, string) (dialer.Backend, error) {
		return session(network.Start(nil)), nil // a real one: new(sam.Session)
	}}
	defer sessions.Close()
	alice, bob := sessions.Get("alice"), sessions.Get("bob")
	fmt.Println(alice.Addr() == sessions.Get("alice").Addr(), alice.Addr() == bob.Addr())
	// Output: true false
}

// network is where the example runs. It has no connections, so it needs no end.
var network = samtest.NewNetwork()
