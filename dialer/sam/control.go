package sam

import (
	"bufio"
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
	"github.com/go-i2p/i2psocks/keys"
)

// control is the control connection of one session: the session lives as long as it does.
type control struct {
	bridge bridge
	conn   net.Conn
	lines  *bufio.Reader
	id     string
	router router
	style  style
	subs   subsessions

	lastLine atomic.Int64 // when the last line came, since epoch
}

// heard returns when the router last said something.
func (c *control) heard() time.Time { return epoch.Add(time.Duration(c.lastLine.Load())) }

// crowded reports whether datagrams or subsessions may be spoken of on the control connection at any
// time. i2pd forgets what it reads behind a datagram, so nothing else can be said there.
func (c *control) crowded() bool { return c.style.received != nil || c.style.name == primaryStyle }

// say sends a line that nobody waits for. A router that takes nothing must not hold up the caller.
func (c *control) say(m wire.Message) error {
	c.conn.SetWriteDeadline(time.Now().Add(bridgeTimeout))
	defer c.conn.SetWriteDeadline(time.Time{})
	return send(c.conn, m)
}

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
	return command("SESSION", "CREATE", "STYLE", cmp.Or(st.name, "STREAM"), "ID", sessionID, "DESTINATION", id.Reveal())
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

// ask sends a command and returns its answer. PINGs that come between are answered.
func (c *control) ask(ctx context.Context, m wire.Message) (reply wire.Message, err error) {
	err = interruptible(ctx, c.conn, func() error {
		if err := send(c.conn, m); err != nil {
			return err
		}
		reply, err = c.read()
		return err
	})
	return reply, err
}

// watch reads the control connection until the session is over, and returns why. It answers
// the PINGs of Java I2P; i2pd sends none and would take a PONG as a reason to close.
func (c *control) watch() error {
	for {
		m, err := c.read()
		if err != nil {
			return err
		}
		if m.Verb == "SESSION" && !c.answered(m) {
			if err := resultError(m); err != nil {
				return fmt.Errorf("session ended: %w", err)
			}
		}
	}
}

// read returns the next message that is not a PING, a PONG or a datagram.
func (c *control) read() (wire.Message, error) {
	for {
		line, err := c.lines.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			return wire.Message{}, fmt.Errorf("%w: %w", dialer.ErrRouter, errLineTooLong)
		case err != nil && len(line) == 0:
			return wire.Message{}, down(err)
		}
		c.lastLine.Store(int64(time.Since(epoch)))
		m, err := parse(string(line))
		if err != nil {
			return m, err
		}
		switch m.Verb {
		case "PING":
			if err := c.say(wire.Message{Verb: "PONG", Text: m.Text}); err != nil {
				return m, err
			}
		case "PONG":
		case "DATAGRAM", "RAW":
			if err := c.receive(m); err != nil {
				return m, err
			}
		default:
			return m, nil
		}
	}
}

// receive reads the datagram behind its line. In a session for streams there are none.
func (c *control) receive(m wire.Message) error {
	size, err := receivedSize(m)
	if err != nil || c.style.received == nil {
		return errPacket
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(c.lines, payload); err != nil {
		return down(err)
	}
	c.style.received(m, payload)
	return nil
}

// sessionID returns a name that nobody can guess: who knows it can take the session's streams.
func sessionID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}
