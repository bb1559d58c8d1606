package sam

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
	"github.com/go-i2p/i2psocks/keys"
)

// errPoisoned is i2pd's trap: a destination that was in use until seconds ago is given out
// again at once, and destroyed a little later.
var errPoisoned = fmt.Errorf("%w: the router still holds the session before", dialer.ErrIdentityInUse)

// startOn opens a session on a bridge. ctx says when nobody waits for it any longer, in which case an answer is still
// awaited for a moment, since Java I2P blocks a key whose creation was cut short.
func (s *Session) startOn(ctx context.Context, router int) (*live, error) {
	b, want := s.bridges[router], s.LeaseSet.Encryption
	l, err := s.create(ctx, b, want)
	if want == X25519 || !isResult(err, "I2P_ERROR") {
		return l, err
	}
	// Java I2P does not say that it is the encryption that it does not know, so it is asked again without. It is not
	// remembered: the cause may have been another one.
	if l, err = s.create(ctx, b, X25519); err == nil {
		l.profile.name += withoutMLKEM
	}
	return l, err
}

const withoutMLKEM = ", without ML-KEM"

// create opens a session, once.
func (s *Session) create(ctx context.Context, b bridge, want Encryption) (l *live, err error) {
	conn, hello, err := s.openSettled(ctx, b)
	if err != nil {
		return nil, err
	}
	c := newControl(conn, s.style.received)
	defer func() {
		if err != nil {
			c.end(err)
		}
	}()
	profile, err := b.learn(ctx, hello)
	if err != nil {
		return nil, err
	}
	if err := b.owners.Check(ctx, conn, b.network, b.address); err != nil {
		return nil, err
	}
	if profile.frail {
		c.gap = sendGap
	}
	if want != X25519 && !profile.mlkem {
		want = X25519
		profile.name += withoutMLKEM
	}
	l = s.newLive(b, profile, c)
	go c.listen()
	if err := l.create(ctx, s.creation(l, want)); err != nil {
		return nil, err
	}
	l.pulse = newPulse(l, s.wallClock)
	return l, nil
}

// openSettled connects to a bridge. One that hangs learns only when it goes on that its last session of the identity and all the
// streams are over; i2pd that is asked for the identity within some seconds of that crashes.
func (s *Session) openSettled(ctx context.Context, b bridge) (net.Conn, hello, error) {
	conn, h, err := b.open(ctx)
	switch {
	case errors.Is(err, errNoAnswer):
		b.hangs.Store(true)
	case err == nil && b.hangs.Swap(false):
		conn.Close()
		sleep(ctx, s.keep.Settle)
		conn, h, err = b.open(ctx)
	}
	return conn, h, err
}

// newLive makes what create is to bring to life.
func (s *Session) newLive(b bridge, p profile, c *control) *live {
	l := &live{
		session: s, identity: s.Identity, bridge: b, profile: p, style: s.style.on(p), id: sessionID(), control: c,
		streams: make(map[*stream]struct{}), local: dialer.AddrOf(s.Identity.Destination(), 0),
	}
	l.ctx, l.kill = context.WithCancelCause(c.over)
	return l
}

// creation returns the command that makes a session.
func (s *Session) creation(l *live, e Encryption) wire.Message {
	m := createCommand(l.style, l.id, l.identity)
	m.Params = append(m.Params, s.params(e)...)
	if l.style.options != nil {
		m.Params = append(m.Params, l.style.options(l.bridge, l.profile)...)
	}
	return m
}

// create sends the command, and makes sure that what is there then is what was asked for.
func (l *live) create(ctx context.Context, m wire.Message) error {
	begin := time.Now()
	patient, cancel := patience(ctx)
	defer cancel()
	reply, err := l.control.call(patient, m)
	if err != nil {
		return &keeper.Unsettled{Err: err}
	}
	if err := resultError(reply); err != nil {
		return fmt.Errorf("create session: %w", styleError(err))
	}
	if time.Since(begin) < l.profile.instant {
		return errPoisoned
	}
	if err := l.verify(ctx); err != nil {
		return &keeper.Unsettled{Err: err}
	}
	if err := l.addStreams(ctx); err != nil {
		return &keeper.Unsettled{Err: err}
	}
	return nil
}

func createCommand(st style, sessionID string, id keys.Identity) wire.Message {
	return command("SESSION", "CREATE", "STYLE", cmp.Or(st.name, "STREAM"), "ID", sessionID, "DESTINATION", id.RevealSAM())
}

// abandonAfter is how long a creation that nobody waits for may still take.
const abandonAfter = 5 * time.Second

// patience returns a context that outlives ctx by abandonAfter and ends after createTimeout at the latest.
func patience(ctx context.Context) (context.Context, context.CancelFunc) {
	longer, cancel := context.WithTimeoutCause(context.WithoutCancel(ctx), createTimeout, errNoAnswer)
	stop := context.AfterFunc(ctx, func() {
		t := time.AfterFunc(abandonAfter, cancel)
		context.AfterFunc(longer, func() { t.Stop() })
	})
	return longer, func() { stop(); cancel() }
}

// verify makes sure that the router runs the identity it was given.
func (l *live) verify(ctx context.Context) error {
	ctx, cancel := context.WithTimeoutCause(ctx, bridgeTimeout, errNoAnswer)
	defer cancel()
	reply, err := l.control.call(ctx, command("NAMING", "LOOKUP", "NAME", "ME"))
	if err != nil {
		return err
	}
	if err := resultError(reply); err != nil {
		return fmt.Errorf("verify session: %w", err)
	}
	if got, err := keys.ParseDestination(reply.Get("VALUE")); err != nil || got != l.identity.Destination() {
		return fmt.Errorf("%w: the session runs another identity than the one it was given", dialer.ErrRouter)
	}
	return nil
}

// sessionID returns a name that nobody can guess: who knows it can take the session's streams.
func sessionID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
