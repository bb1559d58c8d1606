package sam

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
	"github.com/go-i2p/i2psocks/keys"
)

// errPoisoned is i2pd's trap: a destination that was in use until seconds ago is given out
// again at once, and destroyed a little later.
var errPoisoned = fmt.Errorf("%w: the router still holds the session before", dialer.ErrIdentityInUse)

// poisonedBefore is the time in which i2pd cannot build tunnels: it first looks for them after 3 s.
const poisonedBefore = time.Second

// create opens a session of the identity. ctx bounds the waiting; abandoned says when nobody waits any
// longer, in which case an answer is still awaited for a moment, since Java I2P
// blocks a key whose creation was cut short.
func (b bridge) create(ctx context.Context, id keys.Identity, st style, want *creation) (*control, error) {
	c, err := b.try(ctx, id, st, want)
	if want.offered == X25519 || !isResult(err, "I2P_ERROR") {
		return c, err
	}
	// Java I2P does not say that it is the encryption that it does not know. It is asked again without, and for
	// the next time this is remembered if it helped.
	want.refused[b.address] = true
	if c, err = b.try(ctx, id, st, want); err != nil && !errors.Is(err, dialer.ErrIdentityInUse) {
		delete(want.refused, b.address)
	}
	return c, err
}

// try is one attempt at create.
func (b bridge) try(ctx context.Context, id keys.Identity, st style, want *creation) (c *control, err error) {
	conn, hello, err := b.open(ctx)
	if err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			conn.Close()
		}
	}()
	c = &control{bridge: b, conn: conn, lines: bufio.NewReaderSize(conn, wire.MaxReply), id: sessionID(), style: st}
	if c.router, err = b.learn(ctx, hello); err != nil {
		return nil, err
	}
	st = st.on(c.router)
	c.style = st
	create := createCommand(st, c.id, id)
	create.Params = append(create.Params, want.params(want.offer(b, &c.router))...)
	if st.options != nil {
		create.Params = append(create.Params, st.options(b, c.router)...)
	}

	begin := time.Now()
	patient, cancel := patience(ctx)
	defer cancel()
	reply, err := c.ask(patient, create)
	if err != nil {
		return nil, &unsettled{err}
	}
	if err := resultError(reply); err != nil {
		return nil, fmt.Errorf("create session: %w", styleError(err))
	}
	if c.router.kind == i2pd && time.Since(begin) < poisonedBefore {
		return nil, errPoisoned
	}
	if err := c.verify(ctx, id.Destination()); err != nil {
		return nil, &unsettled{err}
	}
	if err := c.addStreams(ctx); err != nil {
		return nil, &unsettled{err}
	}
	return c, nil
}

func createCommand(st style, sessionID string, id keys.Identity) wire.Message {
	return command("SESSION", "CREATE", "STYLE", cmp.Or(st.name, "STREAM"), "ID", sessionID, "DESTINATION", id.RevealSAM())
}

// unsettled is a failure after which the router may hold the identity until it notices that its
// client is gone.
type unsettled struct{ error }

func (u *unsettled) Unwrap() error { return u.error }

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
func (c *control) verify(ctx context.Context, want keys.Destination) error {
	ctx, cancel := context.WithTimeoutCause(ctx, bridgeTimeout, errNoAnswer)
	defer cancel()
	reply, err := c.ask(ctx, command("NAMING", "LOOKUP", "NAME", "ME"))
	if err != nil {
		return err
	}
	if err := resultError(reply); err != nil {
		return fmt.Errorf("verify session: %w", err)
	}
	if got, err := keys.ParseDestination(reply.Get("VALUE")); err != nil || got != want {
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
