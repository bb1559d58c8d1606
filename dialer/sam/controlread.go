package sam

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

// listen reads until the session is over. It answers the PINGs of Java I2P; i2pd sends none and would
// take a PONG as a reason to close.
func (c *control) listen() {
	for {
		m, err := c.read()
		if err == nil && !c.answered(m) && m.Verb == "SESSION" {
			if err = resultError(m); err != nil {
				err = fmt.Errorf("session ended: %w", err)
			}
		}
		if err != nil {
			c.end(err)
			return
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
			c.pong(m.Text)
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

// pong answers a PING, unless a router that takes nothing has not yet taken the answer to the one before.
func (c *control) pong(text string) {
	if line, err := wire.AppendCommand(nil, wire.Message{Verb: "PONG", Text: text}); err == nil {
		now, cancel := context.WithTimeout(c.over, pongTimeout)
		defer cancel()
		c.write(now, line)
	}
}

// pongTimeout bounds the time in which nothing is read because a PONG is not taken.
const pongTimeout = time.Second

// receive reads the datagram behind its line. In a session for streams there are none.
func (c *control) receive(m wire.Message) error {
	size, err := receivedSize(m)
	if err != nil || c.received == nil {
		return errPacket
	}
	payload := make([]byte, size)
	if _, err := io.ReadFull(c.lines, payload); err != nil {
		return down(err)
	}
	c.received(m, payload)
	return nil
}
