package i2psocks

import (
	"errors"
	"io"
	"sync"

	"github.com/go-i2p/i2psocks/dialer"
)

// Close closes the SOCKS ports, the streams and the listeners, then all sessions, concurrently. What was written is
// delivered first, which takes about two seconds on i2pd. A start in progress is cancelled. A second call waits for
// the first and returns nil. Hooks must not call it.
func (e *Endpoint) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		<-e.ended
		return nil
	}
	e.closed, e.ended = true, make(chan struct{})
	defer close(e.ended)
	has, a, proxies, isolated, transport := e.assets, e.attempt, e.proxies, e.isolated, e.http
	wait := a != nil && e.Keys == nil && !a.isHere() // it may hold Dir; a store of the host's own is waited for by nobody
	if a != nil {
		a.cancelled = true
		a.cancel()
		close(a.closed)
	}
	e.proxies = nil
	e.mu.Unlock()

	if wait {
		<-a.done
	}
	if has == nil {
		has = &assets{backend: e.Backend, stop: make(chan struct{})}
	}
	close(has.stop)
	var errs failures
	for p := range proxies {
		errs.of(p)
	}
	if transport != nil {
		transport.CloseIdleConnections()
	}
	var sessions sync.WaitGroup
	if isolated != nil {
		sessions.Go(func() { errs.of(isolated) })
	}
	if has.backend != nil {
		sessions.Go(func() { errs.of(has.backend) })
	}
	sessions.Wait()
	if has.dir != nil {
		errs.of(has.dir)
	}
	if e.Router != nil {
		errs.of(e.Router)
	}
	return errors.Join(errs.all...)
}

// Abort is Close without waiting for the delivery of what was written. An endpoint whose Keys has a method Lost, as
// the store of keys/etcd has, calls it when the channel returned by that method is closed. Called during Close, it
// makes Close return sooner. Backends that do not implement [dialer.Aborter] are closed.
func (e *Endpoint) Abort() error {
	e.mu.Lock()
	has, isolated := e.assets, e.isolated
	e.mu.Unlock()
	var errs failures
	var aborts sync.WaitGroup
	abort := func(a dialer.Aborter) { aborts.Go(func() { errs.add(a.Abort()) }) }
	if isolated != nil {
		abort(isolated)
	}
	if has != nil {
		if a, ok := has.backend.(dialer.Aborter); ok {
			abort(a)
		}
	}
	errs.add(e.Close())
	aborts.Wait()
	return errors.Join(errs.all...)
}

// failures are the errors of what is closed side by side.
type failures struct {
	mu  sync.Mutex
	all []error
}

func (f *failures) of(c io.Closer) { f.add(c.Close()) }

func (f *failures) add(err error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err != nil {
		f.all = append(f.all, err)
	}
}
