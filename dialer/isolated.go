package dialer

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"
)

// Isolated keeps one backend for each isolation key, so that activities under two keys cannot be linked. A key never
// gets the backend of another key; when there are too many keys, new ones are refused.
//
// Fields may be set until the first method call, not after. An Isolated must not be copied. Its methods may be called
// by several goroutines at once.
type Isolated struct {
	// New makes the backend of a key, or a spare one for any key if key is empty. Each call must return a backend
	// that shares no identity, lookups or streams with another. ctx ends when no caller waits for the backend any
	// more, or when New has returned. The backend may be one that is not started yet.
	New func(ctx context.Context, key string) (Backend, error)
	// Max is the maximum number of keys with a backend at a time. 0 means 16; negative means no limit. At the limit,
	// the least recently used idle backend is retired for a new key; if all are in use, the new key is refused with
	// [ErrLimit].
	Max int
	// Idle is how long a backend may have no streams, listeners or calls before it is retired, with a tolerance of an
	// eighth. 0 means 10 min; negative means no limit. A stream is in use until its Close is called.
	Idle time.Duration
	// Spares is how many backends are kept ready, in addition to Max, for future keys, so that an observer of the
	// router does not see an identity created right before its first use. They are made from the first use of any key
	// on, and kept until all backends have been idle. 0 means none.
	Spares int
	// Logger receives failures to make or close a backend, and retirements, without keys. Its handler must not call
	// Close or Abort. Nil disables logging.
	Logger *slog.Logger

	mu      sync.Mutex
	salt    [sha256.Size]byte   // of the names in IsolatedStatus
	slots   chan struct{}       // one for each backend that exists; nil without a limit
	entries map[string]*entry   // by key
	closing map[*entry]struct{} // retired, not yet gone
	spares  []*entry            // oldest first
	timer   *time.Timer         // retires what is idle; nil while there is nothing
	errs    []error             // of closing backends at Close
	ready   bool
	closed  bool
	done    sync.WaitGroup
}

// The defaults of an [Isolated].
const (
	DefaultMaxIsolated  = 16
	DefaultIsolatedIdle = 10 * time.Minute
)

// IsolatedStatus is a snapshot of the backend of one key.
type IsolatedStatus struct {
	Key    string    // tells keys apart, for as long as the Isolated lives; reveals nothing of the key
	Uses   int       // calls, and streams and listeners that are open
	Used   time.Time // when it was last seen in use
	Status Status    // of the backend; zero while it is being made
}

// Get returns a Backend that stands for the backend of a key. It starts nothing: each use of it finds the backend of
// the key, or makes a new one if there is none or it was retired. A backend is not retired while it is in use. Close
// retires the backend, and with it the identity; the returned value remains usable.
//
// Its methods fail with the error of New, after which the next use tries again, with [ErrLimit], and with
// [ErrSessionClosed] after Close of the Isolated. It also has the methods ListenPacket and LookupAddr, which fail
// with errors.ErrUnsupported if the backend does not have them.
func (i *Isolated) Get(key string) Backend { return &keyed{i, "", key} }

// GetFor is Get for one of several users that share the limit, such as hosts of a network. A user that already has as
// many backends as all users leave free of Max is refused further keys with [ErrLimit]. So a single user gets half of
// them, two users a third each, and a new user always finds one. An empty user is not limited.
func (i *Isolated) GetFor(user, key string) Backend { return &keyed{i, user, key} }

// Retire retires, in the background, the backends of the keys for which which returns true. which must not call
// methods of i.
func (i *Isolated) Retire(which func(key string) bool) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for key, e := range i.entries {
		if which(key) {
			i.retire(e)
		}
	}
}

// Status returns the current state of the backends of all keys, in no particular order.
func (i *Isolated) Status() []IsolatedStatus {
	list, backends := i.snapshot()
	for n, b := range backends { // which may hang, and must hold up nobody else
		if b != nil {
			list[n].Status = b.Status()
		}
	}
	return list
}

// snapshot returns what is known of all keys, and their backends, nil for those that are being made.
func (i *Isolated) snapshot() (list []IsolatedStatus, backends []Backend) {
	i.mu.Lock()
	defer i.mu.Unlock()
	for key, e := range i.entries {
		mac := hmac.New(sha256.New, i.salt[:])
		mac.Write([]byte(key))
		list = append(list, IsolatedStatus{Key: hex.EncodeToString(mac.Sum(nil)[:8]), Uses: e.uses, Used: e.used})
		backends = append(backends, e.backend)
	}
	return list, backends
}

// Close closes all backends and waits until they are closed. It may be called twice.
func (i *Isolated) Close() error {
	i.shut()
	return i.wait()
}

// Abort is Close, but aborts the backends that implement [Aborter], concurrently.
func (i *Isolated) Abort() error {
	i.shut()
	i.mu.Lock()
	for e := range i.closing {
		i.done.Go(func() {
			<-e.ready
			if a, ok := e.backend.(Aborter); ok && e.err == nil {
				a.Abort()
			}
		})
	}
	i.mu.Unlock()
	return i.wait()
}

// shut lets nobody in and retires all backends.
func (i *Isolated) shut() {
	i.mu.Lock()
	defer i.mu.Unlock()
	if i.closed {
		return
	}
	i.closed = true
	for _, e := range i.entries {
		i.retire(e)
	}
	i.dropSpares()
	if i.timer != nil {
		i.timer.Stop()
	}
}

// wait returns when all backends are gone.
func (i *Isolated) wait() error {
	i.done.Wait()
	i.mu.Lock()
	defer i.mu.Unlock()
	return errors.Join(i.errs...)
}

// init makes what all uses need. The caller holds mu.
func (i *Isolated) init() {
	if i.ready {
		return
	}
	i.ready = true
	if limit := i.max(); limit > 0 {
		i.slots = make(chan struct{}, limit+max(i.Spares, 0))
	}
	i.entries, i.closing = make(map[string]*entry), make(map[*entry]struct{})
	rand.Read(i.salt[:])
	if i.Logger == nil {
		i.Logger = slog.New(slog.DiscardHandler)
	}
}

func (i *Isolated) max() int {
	if i.Max == 0 {
		return DefaultMaxIsolated
	}
	return i.Max
}

func (i *Isolated) idle() time.Duration {
	if i.Idle == 0 {
		return DefaultIsolatedIdle
	}
	return i.Idle
}

// Format prints the type alone, whatever the verb: the keys are secrets of the program.
func (i *Isolated) Format(w fmt.State, _ rune) { io.WriteString(w, "dialer.Isolated") }
