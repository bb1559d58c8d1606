package keeper

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/go-i2p/i2psocks/dialer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// session is a Live that ends when it is told to, and takes a second for that.
type session struct {
	router string
	ctx    context.Context
	lose   context.CancelCauseFunc
	ended  chan error
}

func (s *session) Context() context.Context { return s.ctx }
func (s *session) Router() string           { return s.router }
func (s *session) Rest() time.Duration      { return 5 * time.Second }
func (s *session) End(why error)            { time.Sleep(time.Second); s.ended <- why }

// routers make sessions, or fail.
type routers struct {
	keeper *Keeper[*session]

	mu    sync.Mutex
	fail  map[int]error
	tries []int
	made  []*session
	told  []dialer.State
}

func newRouters(n int) *routers {
	r := &routers{fail: make(map[int]error)}
	r.keeper = &Keeper[*session]{
		Routers: n, Settle: 7 * time.Second, Start: r.start,
		StatusChanged: func(st dialer.Status) {
			r.mu.Lock()
			defer r.mu.Unlock()
			r.told = append(r.told, st.State)
		},
	}
	return r
}

func (r *routers) start(_ context.Context, router int) (*session, error) {
	time.Sleep(time.Second)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.tries = append(r.tries, router)
	if err := r.fail[router]; err != nil {
		return nil, err
	}
	s := &session{router: string(rune('a' + router)), ended: make(chan error, 1)}
	s.ctx, s.lose = context.WithCancelCause(context.Background())
	r.made = append(r.made, s)
	return s, nil
}

func (r *routers) set(router int, err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.fail[router], r.tries = err, nil
}

func (r *routers) tried() []int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.tries)
}

func (r *routers) close() {
	r.keeper.Stop()
	r.keeper.Wait()
}

var errLost = errors.New("lost")

// on runs f in fake time, and closes what is left.
func on(t *testing.T, n int, f func(t *testing.T, r *routers)) {
	synctest.Test(t, func(t *testing.T) {
		r := newRouters(n)
		defer r.close()
		f(t, r)
	})
}

func TestLife(t *testing.T) {
	on(t, 1, func(t *testing.T, r *routers) {
		assert.Equal(t, dialer.Status{}, r.keeper.Status())
		first, err := r.keeper.Await(t.Context())
		require.NoError(t, err)
		st := r.keeper.Status()
		assert.Equal(t, dialer.Up, st.State)
		assert.Equal(t, "a", st.Router)
		assert.Zero(t, st.Attempts)

		begin := time.Now()
		first.lose(errLost)
		synctest.Wait()
		st = r.keeper.Status()
		assert.Equal(t, dialer.Down, st.State)
		assert.Equal(t, errLost, st.Err)
		assert.Empty(t, first.ended, "it is being ended")
		second, err := r.keeper.Await(t.Context())
		require.NoError(t, err)
		assert.Equal(t, errLost, <-first.ended)
		assert.NotSame(t, first, second)
		assert.Equal(t, time.Second+r.keeper.Settle+time.Second, time.Since(begin), "end, rest, start")

		assert.True(t, r.keeper.Stop())
		assert.False(t, r.keeper.Stop())
		_, err = r.keeper.Await(t.Context())
		assert.ErrorIs(t, err, dialer.ErrSessionClosed)
		l, ok := r.keeper.Live()
		assert.True(t, ok && l == second, "until it has ended")
		r.keeper.Wait()
		assert.ErrorIs(t, <-second.ended, dialer.ErrSessionClosed)
		_, ok = r.keeper.Live()
		assert.False(t, ok)
		synctest.Wait()
		assert.Equal(t, []dialer.State{dialer.Starting, dialer.Up, dialer.Down, dialer.Up, dialer.Closed}, r.told)
	})
}

// TestFirstStart: as long as it was never up, all who wait get the failure, and the next use tries again.
func TestFirstStart(t *testing.T) {
	on(t, 1, func(t *testing.T, r *routers) {
		r.set(0, errLost)
		var waiters sync.WaitGroup
		for range 3 {
			waiters.Go(func() {
				_, err := r.keeper.Await(t.Context())
				assert.Equal(t, errLost, err)
			})
		}
		waiters.Wait()
		assert.Equal(t, []int{0}, r.tried())
		assert.Equal(t, dialer.Idle, r.keeper.Status().State)
		time.Sleep(time.Hour)
		assert.Equal(t, []int{0}, r.tried(), "nobody wants it")
		r.set(0, nil)
		_, err := r.keeper.Await(t.Context())
		assert.NoError(t, err)
	})
}

// TestPauses: failures are ever longer apart, up to a minute or so, but not while somebody waits.
func TestPauses(t *testing.T) {
	on(t, 1, func(t *testing.T, r *routers) {
		l, err := r.keeper.Await(t.Context())
		require.NoError(t, err)
		time.Sleep(time.Hour)
		r.set(0, errLost)
		l.lose(errLost)
		time.Sleep(time.Hour)
		assert.InDelta(t, 65, len(r.tried()), 10, "one a minute")
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		r.set(0, errLost)
		_, err = r.keeper.Await(ctx)
		assert.ErrorIs(t, err, context.DeadlineExceeded)
		assert.ErrorContains(t, err, "lost")
		assert.InDelta(t, time.Minute/(soon+time.Second), len(r.tried()), 2)
		time.Sleep(time.Hour)
		r.set(0, nil)
		begin := time.Now()
		_, err = r.keeper.Await(t.Context())
		assert.NoError(t, err)
		assert.LessOrEqual(t, time.Since(begin), soon+2*time.Second)
	})
}

// TestOrder: routers are tried in turn, but never past one that has, or may have, the identity.
func TestOrder(t *testing.T) {
	for name, c := range map[string]struct {
		first error
		tried []int
		took  time.Duration
		err   error
	}{
		"away":    {errLost, []int{0, 1}, 2 * time.Second, nil},
		"unclear": {&Unsettled{errLost}, []int{0, 1}, 9 * time.Second, nil},
		"in use":  {dialer.ErrIdentityInUse, []int{0, 0, 0, 0}, 25 * time.Second, dialer.ErrIdentityInUse},
	} {
		t.Run(name, func(t *testing.T) {
			on(t, 2, func(t *testing.T, r *routers) {
				r.set(0, c.first)
				begin := time.Now()
				_, err := r.keeper.Await(t.Context())
				assert.ErrorIs(t, err, c.err)
				assert.Equal(t, c.tried, r.tried())
				assert.Equal(t, c.took, time.Since(begin))
			})
		})
	}
	on(t, 2, func(t *testing.T, r *routers) {
		for _, want := range []string{"a", "b", "a"} {
			l, err := r.keeper.Await(t.Context())
			require.NoError(t, err)
			assert.Equal(t, want, l.router, "what was lost is not the first to be asked")
			l.lose(errLost)
		}
	})
}

// TestStopAnytime: whatever goes on, nothing is left after Wait.
func TestStopAnytime(t *testing.T) {
	for _, at := range []time.Duration{0, 500 * time.Millisecond, time.Second, 1500 * time.Millisecond, 3 * time.Second, 10 * time.Second} {
		on(t, 1, func(t *testing.T, r *routers) {
			go r.keeper.Await(t.Context())
			synctest.Wait()
			time.AfterFunc(1200*time.Millisecond, func() {
				if l, ok := r.keeper.Live(); ok {
					l.lose(errLost)
				}
			})
			time.Sleep(at)
			r.close()
			for _, s := range r.made {
				assert.Len(t, s.ended, 1, "stopped after %v", at)
			}
			assert.Equal(t, dialer.Closed, r.keeper.Status().State)
		})
	}
}

// heard is the writer of a log that does something whenever there is something to hear.
type heard func()

func (h heard) Write(b []byte) (int, error) { h(); return len(b), nil }

// TestLoggerUsesIt: no lock is held while a program's handler takes down what happened, and what it sees is what it hears of.
func TestLoggerUsesIt(t *testing.T) {
	on(t, 1, func(t *testing.T, r *routers) {
		var seen []dialer.State
		r.keeper.Logger = slog.New(slog.NewTextHandler(heard(func() { seen = append(seen, r.keeper.Status().State) }), nil))
		r.set(0, errLost)
		_, err := r.keeper.Await(t.Context())
		require.ErrorIs(t, err, errLost)
		r.set(0, nil)
		l, err := r.keeper.Await(t.Context())
		require.NoError(t, err)
		synctest.Wait()
		l.lose(errLost)
		synctest.Wait()
		assert.Equal(t, []dialer.State{dialer.Starting, dialer.Up, dialer.Down}, seen)
	})
}
