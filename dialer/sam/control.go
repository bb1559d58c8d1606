package sam

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
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
