package i2psocks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

// readAheadTotal is the memory, in bytes, for what sessions and SOCKS ports take from the router ahead
// of slow readers.
const readAheadTotal = 64 << 20

// start opens the store and makes the backend, unless that has been done.
func (e *Endpoint) start() (dialer.Backend, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return nil, dialer.OpError("start", nil, dialer.ErrSessionClosed)
	}
	if e.ready {
		return e.backend, nil
	}
	if err := e.init(); err != nil {
		return nil, fmt.Errorf("i2psocks: %w", err)
	}
	e.ready = true
	return e.backend, nil
}

// init makes all that start needs, or nothing. The caller holds mu.
func (e *Endpoint) init() (err error) {
	if e.Secret != "" && e.NoSecret {
		return errors.New("both Secret and NoSecret are set")
	}
	if e.Router != nil && (e.Backend != nil || e.DialBridge != nil || len(e.Fallbacks) > 0) {
		return errors.New("both Router and one of Backend, DialBridge and Fallbacks are set")
	}
	if e.hosts, err = newHosts(e.Hosts); err != nil {
		return err
	}
	if e.Logger == nil {
		e.Logger = slog.New(slog.DiscardHandler)
	}
	e.budget = socks.NewBudget(readAheadTotal)
	if e.backend = e.Backend; e.backend != nil {
		return nil
	}
	if e.Isolation.Persistent && e.Keys == nil && e.Dir == "" {
		return errors.New("Isolation.Persistent needs Keys or Dir")
	}
	if e.id, err = e.identity(); err != nil {
		return err
	}
	if e.bridge = e.DialBridge; e.Router != nil {
		e.bridge = newOwnRouter(e.Router).DialContext
	}
	s := e.session()
	s.StatusChanged = e.StatusChanged
	if e.Configure != nil {
		e.Configure(s)
	}
	s.Identity = e.id
	e.backend = s
	return nil
}

// identity loads the identity, or makes it on first use; zero if none is kept.
func (e *Endpoint) identity() (id keys.Identity, err error) {
	name := e.Name
	if name == "" {
		name = defaultName
	}
	ctx := context.Background() // stores on a disk need none
	switch {
	case e.Keys != nil:
		return keys.LoadOrGenerate(ctx, e.Keys, name)
	case e.Dir == "":
		return id, nil
	}
	dir, err := keys.OpenDir(filepath.Join(e.Dir, "keys"))
	if err != nil {
		return id, err
	}
	if id, err = keys.LoadOrGenerate(ctx, dir, name); err != nil {
		dir.Close()
		return id, err
	}
	e.dir = dir // stays open, which keeps other processes out
	return id, nil
}

// session returns a session of a fresh identity with the endpoint's settings.
func (e *Endpoint) session() *sam.Session {
	return &sam.Session{
		Address: e.SAM, Fallbacks: e.Fallbacks, DialBridge: e.bridge, User: e.SAMUser, Password: e.SAMPassword,
		Nickname: e.Name, Inbound: e.Inbound, Outbound: e.Outbound,
		DialTimeout: e.DialTimeout, Budget: e.budget, Logger: e.Logger,
	}
}

// Close ends the SOCKS ports, the streams and the listeners, then the sessions. What was written
// is delivered first, which takes about two seconds on i2pd. A second call waits for the
// first, and returns nil; Hooks must not call it.
func (e *Endpoint) Close() error {
	e.mu.Lock()
	if e.closed {
		e.mu.Unlock()
		<-e.ended
		return nil
	}
	e.closed, e.ended = true, make(chan struct{})
	defer close(e.ended)
	proxies, backend, isolated, dir, transport := e.proxies, e.backend, e.isolated, e.dir, e.http
	e.proxies = nil
	e.mu.Unlock()
	var errs []error
	for p := range proxies {
		errs = append(errs, p.Close())
	}
	if transport != nil {
		transport.CloseIdleConnections()
	}
	if isolated != nil {
		errs = append(errs, isolated.Close())
	}
	if backend != nil {
		errs = append(errs, backend.Close())
	}
	if dir != nil {
		errs = append(errs, dir.Close())
	}
	if e.Router != nil {
		errs = append(errs, e.Router.Close())
	}
	return errors.Join(errs...)
}
