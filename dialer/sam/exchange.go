package sam

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

// command makes a message from alternating keys and values.
func command(verb, action string, keyvalues ...string) wire.Message {
	m := wire.Message{Verb: verb, Action: action}
	for i := 0; i < len(keyvalues); i += 2 {
		m.Params = append(m.Params, wire.Param{Key: keyvalues[i], Value: keyvalues[i+1]})
	}
	return m
}

// sendable reports whether every router reads a value alike.
func sendable(value string) bool {
	_, err := wire.AppendCommand(nil, command("HELLO", "VERSION", "USER", value))
	return err == nil
}

// exchange is ask until ctx ends.
func exchange(ctx context.Context, conn net.Conn, atLeast int, m wire.Message) (reply wire.Message, err error) {
	err = interruptible(ctx, conn, func() (err error) {
		reply, err = ask(conn, atLeast, m)
		return err
	})
	return reply, err
}

// ask sends one command in one write and reads its answer; atLeast is that of readLine.
func ask(conn net.Conn, atLeast int, m wire.Message) (wire.Message, error) {
	if err := send(conn, m); err != nil {
		return wire.Message{}, err
	}
	line, err := readLine(conn, atLeast)
	if err != nil {
		return wire.Message{}, down(fmt.Errorf("%s %s: %w", m.Verb, m.Action, err))
	}
	return parse(line)
}

func send(conn net.Conn, m wire.Message) error {
	line, err := wire.AppendCommand(make([]byte, 0, usualCommand), m)
	if err != nil {
		return fmt.Errorf("%s %s: %w", m.Verb, m.Action, err)
	}
	if _, err := conn.Write(line); err != nil {
		return down(fmt.Errorf("%s %s: %w", m.Verb, m.Action, err))
	}
	return nil
}

func parse(line string) (wire.Message, error) {
	m, err := wire.Parse(line)
	if err != nil {
		return m, fmt.Errorf("%w: %w", dialer.ErrRouter, err)
	}
	return m, nil
}

// interruptible runs f, which reads and writes conn, and makes it fail as soon as ctx ends, by closing the connection:
// not every connection has deadlines.
func interruptible(ctx context.Context, conn net.Conn, f func() error) error {
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	err := f()
	if !stop() { // even if f made it
		return keeper.ContextError(ctx)
	}
	return err
}

var errLineTooLong = errors.New("line too long")

// readLine reads one line and not a byte more, in as few reads as it can: the shortest
// line that can be accepted has atLeast bytes, newline included. A line
// that the end of the stream ends counts, as Java I2P leaves the newline out of some errors. Few lines are long, so
// the memory for one grows with it.
func readLine(r io.Reader, atLeast int) (string, error) {
	buf := make([]byte, min(atLeast, shortLine))
	n := 0
	for {
		m, err := r.Read(buf[n:])
		n += m
		if m > 0 && buf[n-1] == '\n' {
			return string(buf[:n-1]), nil
		}
		if err == io.EOF && n > 0 {
			return string(buf[:n]), nil
		}
		if err == io.EOF {
			return "", io.ErrUnexpectedEOF
		}
		if err != nil {
			return "", err
		}
		if n == wire.MaxReply {
			return "", errLineTooLong
		}
		if n == len(buf) {
			buf = append(buf, make([]byte, min(max(atLeast-n, 1), n))...)
		}
	}
}

const (
	shortLine    = 128 // has room for the answers to what is said most
	usualCommand = 192 // has room for most of what is said
)
