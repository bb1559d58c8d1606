package i2cp

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
	"github.com/go-i2p/i2psocks/keys"
)

// start makes the session on one router, and returns when its lease set is made. It is what the keeper calls.
func (s *Session) start(ctx context.Context, i int) (*live, error) {
	r := s.routers[i]
	l, err := s.connect(ctx, r, s.params.leases.encryption)
	if errors.Is(err, errUnsupportedCrypto) && s.params.leases.encryption != X25519 {
		return s.connect(ctx, r, X25519)
	}
	return l, err
}

func (s *Session) connect(ctx context.Context, r router, encryption Encryption) (*live, error) {
	w, date, err := r.open(ctx)
	if err != nil {
		return nil, err
	}
	if !mlkem(date.Version) {
		encryption = X25519
	}
	l := newLive(s, w, date, encryption)
	if err := l.create(ctx); err != nil {
		l.stop(err)
		return nil, &keeper.Unsettled{Err: fmt.Errorf("I2CP at %s: %w", r.address, err)}
	}
	return l, nil
}

// create makes the session, and waits until it has tunnels and a lease set.
func (l *live) create(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, createTimeout, fmt.Errorf("%w: no tunnels after %v", dialer.ErrTimeout, createTimeout))
	defer cancel()
	if err := l.createSession(ctx); err != nil {
		return err
	}
	l.tasks.Go(l.read)
	l.tasks.Go(l.write)
	l.tasks.Go(l.answerLeaseSets)
	l.tasks.Go(l.pulse)
	for _, wait := range []<-chan struct{}{l.leased, l.known} {
		select {
		case <-wait:
		case <-l.ctx.Done():
			return context.Cause(l.ctx)
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
	if !l.java && l.session.params.leases.forClients {
		return errForClients
	}
	return nil
}

// errForClients: i2pd looks into what it is to publish, which only clients can, and then publishes it where nobody looks.
var errForClients = fmt.Errorf("%w: %w: i2pd publishes no lease set for LeaseSet.Clients over I2CP, but over SAM",
	dialer.ErrRouter, errors.ErrUnsupported)

// createSession sends CreateSession and reads until it is answered.
func (l *live) createSession(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, errNoAnswer)
	defer cancel()
	defer l.wire.interrupt(ctx)()
	options := l.session.params.with(l.encryption)
	config, err := i2cpwire.SignSessionConfig(l.session.signer, options, l.now())
	if err != nil {
		return err
	}
	if err := l.wire.write(i2cpwire.CreateSession{SessionConfig: config}); err != nil {
		return l.wire.explain(ctx, err)
	}
	for {
		m, err := l.wire.read()
		switch {
		case errors.Is(err, i2cpwire.ErrMalformed):
			return fmt.Errorf("%w: %w", dialer.ErrRouter, err)
		case err != nil:
			return l.wire.explain(ctx, err)
		}
		switch m := m.(type) {
		case i2cpwire.Disconnect:
			return disconnected(m.Reason)
		case i2cpwire.SessionStatus:
			return l.created(m)
		}
	}
}

func (l *live) created(m i2cpwire.SessionStatus) error {
	switch m.State {
	case i2cpwire.SessionCreated:
		l.id = m.Session
		return nil
	case i2cpwire.SessionInvalid:
		if _, offline := l.session.signer.(keys.OfflineSigner); offline {
			return fmt.Errorf("%w: %w: it takes no offline-signed destination over I2CP, as i2pd does not (session status %d)",
				dialer.ErrRouter, errors.ErrUnsupported, m.State)
		}
		// Of what i2pd could mean by it, this alone is nothing that is ruled out here.
		return fmt.Errorf("%w (session status %d)", dialer.ErrIdentityInUse, m.State)
	}
	return fmt.Errorf("%w: session %v", dialer.ErrRouter, m.State)
}

// now is the router's clock, by which it judges what is signed.
func (l *live) now() time.Time { return time.Now().Add(l.offset) }
