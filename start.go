package i2psocks

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"runtime"
	"strconv"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

// ErrLost reports that Keys has lost the identity: another host may have it now, so that the endpoint has ended.
// It comes with [dialer.ErrSessionClosed].
var ErrLost = errors.New("identity lost: another host may have it")

// ErrStarting reports that a method of an [Endpoint] was called by a function that the start of the endpoint waits for, such as
// Configure. The method would wait for that function, and so for itself.
var ErrStarting = errors.New("called by a function that the start of the endpoint waits for, such as Configure")

// assets are what a start makes, and what the endpoint has from then on.
type assets struct {
	backend dialer.Backend
	router  *ownRouter     // nil without Endpoint.Router
	owners  *dialer.Owners // of the routers, known to all sessions; nil where the host has its own way to them
	names   names
	id      keys.Identity // zero with a Backend
	budget  *socks.Budget // shared by all sessions and ports
	dir     *keys.Dir     // to close in the end; nil unless opened here
	tokens  keys.Store    // of the identities of tokens; nil if none is kept
	lost    <-chan struct{}
	stop    chan struct{} // closed in the end
}

// attempt is a start that goes on. It is cancelled when nobody waits for it any more.
type attempt struct {
	cancel    context.CancelFunc
	goroutine uint64        // which makes it, and calls functions of the program; 0 before it runs
	waiting   int           // guarded by Endpoint.mu, as is cancelled
	cancelled bool          // so that err tells nothing
	closed    chan struct{} // closed by Close, whatever the store does
	done      chan struct{} // closed when err is set
	err       error
}

// start loads the identity and makes the backend, unless that has been done. A store may take its time, so that this
// is done outside the lock, by one goroutine for all who wait.
func (e *Endpoint) start(ctx context.Context) (*assets, error) {
	for {
		has, a, err := e.join()
		if a == nil {
			return has, err
		}
		select {
		case <-a.done:
		case <-a.closed:
		case <-ctx.Done():
		}
		if e.leave(a) { // once more, or it is known by now
			continue
		}
		select {
		case <-a.done:
			return nil, a.err
		default:
			return nil, dialer.OpError("start", nil, waitError(ctx))
		}
	}
}

func waitError(ctx context.Context) error {
	err := context.Cause(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = fmt.Errorf("%w: %w", dialer.ErrTimeout, err)
	}
	return err
}

// join returns the assets if there are any, else the attempt to make them, which the caller must leave.
func (e *Endpoint) join() (*assets, *attempt, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch {
	case e.lost:
		return nil, nil, dialer.OpError("start", nil, fmt.Errorf("%w: %w", dialer.ErrSessionClosed, ErrLost))
	case e.closed:
		return nil, nil, dialer.OpError("start", nil, dialer.ErrSessionClosed)
	case e.assets != nil:
		return e.assets, nil, nil
	case e.attempt != nil && e.attempt.isHere():
		return nil, nil, dialer.OpError("start", nil, ErrStarting)
	case e.attempt == nil:
		ctx, cancel := context.WithCancel(context.Background())
		a := &attempt{cancel: cancel, closed: make(chan struct{}), done: make(chan struct{})}
		e.attempt = a
		go func() {
			defer cancel()
			e.mu.Lock()
			a.goroutine = goroutine()
			e.mu.Unlock()
			has, err := e.load(ctx)
			e.settle(a, has, err)
		}()
	}
	e.attempt.waiting++
	return nil, e.attempt, nil
}

// leave reports whether the caller is to ask again: after Close, and after an attempt that worked or says nothing.
func (e *Endpoint) leave(a *attempt) (again bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	select {
	case <-a.done:
		return a.err == nil || a.cancelled
	default:
	}
	if a.waiting--; a.waiting == 0 {
		a.cancelled = true
		a.cancel()
	}
	return e.closed
}

// isHere reports whether the caller is called by what the attempt waits for. The caller holds Endpoint.mu.
func (a *attempt) isHere() bool { return a.goroutine != 0 && a.goroutine == goroutine() }

// goroutine returns the number that the calling goroutine has in stack traces, 0 if it cannot be told. There is no other way to
// tell a function of the program that would wait for itself from one that others have called meanwhile.
func goroutine() uint64 {
	var stack [64]byte
	line, _ := bytes.CutPrefix(stack[:runtime.Stack(stack[:], false)], []byte("goroutine "))
	number, _, _ := bytes.Cut(line, []byte(" "))
	n, _ := strconv.ParseUint(string(number), 10, 64)
	return n
}

// settle ends an attempt.
func (e *Endpoint) settle(a *attempt, has *assets, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	defer close(a.done)
	e.attempt = nil
	switch {
	case err != nil:
		a.err = dialer.OpError("start", nil, err)
	case e.closed:
		if has.dir != nil {
			has.dir.Close()
		}
	default:
		e.assets = has
		if has.lost != nil {
			go e.watch(has)
		}
	}
}

// watch ends the endpoint when its identity is lost.
func (e *Endpoint) watch(has *assets) {
	select {
	case <-has.stop:
		return
	case <-has.lost:
	}
	e.mu.Lock()
	e.lost = true
	e.mu.Unlock()
	e.log().Error("identity lost, ending at once")
	if err := e.Abort(); err != nil {
		e.log().Warn("not ended well", "err", err)
	}
}
