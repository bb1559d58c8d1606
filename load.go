package i2psocks

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

// readAheadTotal is the memory, in bytes, for what sessions and SOCKS ports take from the router ahead
// of slow readers.
const readAheadTotal = 64 << 20

// load makes all that a start makes, or nothing.
func (e *Endpoint) load(ctx context.Context) (has *assets, err error) {
	if err := e.check(); err != nil {
		return nil, err
	}
	has = &assets{backend: e.Backend, budget: socks.NewBudget(readAheadTotal), stop: make(chan struct{})}
	has.names = names{book: e.Book, router: e.Book == nil}
	if has.names.hosts, err = newHosts(e.Hosts); err != nil {
		return nil, err
	}
	if has.backend != nil {
		return has, nil
	}
	if err = e.identify(ctx, has); err != nil {
		return nil, err
	}
	if e.DialBridge == nil {
		has.owners = new(dialer.Owners)
	}
	if e.Router != nil {
		candidates, _ := e.candidates() // which check has seen
		has.router = newOwnRouter(e.Router, candidates)
	}
	has.backend = e.own(has)
	return has, nil
}

// check looks for fields that contradict each other, or that cannot be.
func (e *Endpoint) check() error {
	switch {
	case e.Secret != "" && e.NoSecret:
		return errors.New("both Secret and NoSecret are set")
	case e.Backend == nil && e.Isolation.Persistent && e.Keys == nil && e.Dir == "":
		return errors.New("Isolation.Persistent needs Keys or Dir")
	case e.Isolation.Persistent && e.Isolation.New != nil:
		return errors.New("both Isolation.Persistent and Isolation.New are set: what New makes is not kept")
	case e.Name != "" && !keys.ValidName(e.Name):
		return fmt.Errorf("%w: Name must be 1 to 64 lower-case letters, digits, '_' and '-'", keys.ErrName)
	}
	if err := e.checkCandidates(); err != nil {
		return err
	}
	return e.Secret.check()
}

// checkCandidates is the part of check that is about the ways to a router.
func (e *Endpoint) checkCandidates() error {
	switch {
	case e.Router != nil && (e.Backend != nil || e.DialBridge != nil || len(e.Fallbacks) > 0):
		return errors.New("both Router and one of Backend, DialBridge and Fallbacks are set")
	case e.Router != nil:
		_, err := e.candidates()
		return err
	case e.I2CP != "" && (e.SAM != "" || e.SAMUser != "" || e.SAMPassword != nil || e.Backend != nil):
		return errors.New("both I2CP and one of SAM, SAMUser, SAMPassword and Backend are set, and no Router")
	case e.I2CP != "" && (e.Configure != nil || e.Isolation.Configure != nil):
		return errors.New("I2CP is set, for whose sessions are ConfigureI2CP and Isolation.ConfigureI2CP")
	case e.I2CP == "" && (e.ConfigureI2CP != nil || e.Isolation.ConfigureI2CP != nil):
		return errors.New("ConfigureI2CP needs I2CP or Router")
	}
	return nil
}

// identify loads the identity, or makes one: the first time, or each time if none is kept.
func (e *Endpoint) identify(ctx context.Context, has *assets) (err error) {
	name := e.Name
	if name == "" {
		name = defaultName
	}
	switch {
	case e.Keys != nil:
		has.id, err = keys.LoadOrGenerate(ctx, e.Keys, name)
		if err != nil {
			return err
		}
		has.tokens = e.Isolation.bound(e.Keys)
		return has.mayLose(e.Keys)
	case e.Dir == "":
		has.id, err = keys.Generate()
		return err
	}
	dir, err := keys.OpenDir(filepath.Join(e.Dir, "keys"))
	if err != nil {
		return err
	}
	if has.id, err = keys.LoadOrGenerate(ctx, dir, name); err != nil {
		dir.Close()
		return err
	}
	has.dir, has.tokens = dir, e.Isolation.bound(dir) // the directory stays open, which keeps other processes out
	return nil
}

// mayLose has a store watched that can tell that it lost what it holds, as that of keys/etcd can.
func (a *assets) mayLose(store keys.Store) error {
	s, ok := store.(interface{ Lost() <-chan struct{} })
	if !ok {
		return nil
	}
	a.lost = s.Lost()
	select {
	case <-a.lost:
		return ErrLost
	default:
		return nil
	}
}

func (e *Endpoint) log() *slog.Logger {
	if e.Logger == nil {
		return slog.New(slog.DiscardHandler)
	}
	return e.Logger
}
