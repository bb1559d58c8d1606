package sam

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

// DefaultAddress is where routers offer SAM unless told otherwise.
const DefaultAddress = "127.0.0.1:7656"

const (
	bridgeTimeout = 10 * time.Second  // connect, and each answer that needs no network
	createTimeout = 300 * time.Second // tunnels take up to minutes
)

var errNoAnswer = down(errors.New("no answer from SAM"))

// dialFunc opens a connection to a SAM bridge.
type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// bridge is a place where SAM is spoken.
type bridge struct {
	dial             dialFunc
	network, address string
	login            login // may be nil
}

// newBridge checks the address. Without a dial function of the host's own, it must
// hold an IP literal, since a name would need the system resolver.
func newBridge(address string, dial dialFunc) (bridge, error) {
	if address == "" {
		address = DefaultAddress
	}
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		address = path
		if path == "" {
			return bridge{}, errors.New("empty path of a unix socket")
		}
		return bridge{dial: dialOr(dial, "unix", path), network: "unix", address: path}, nil
	}
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return bridge{}, fmt.Errorf("SAM address: %w", err)
	}
	if host == "localhost" {
		address = "127.0.0.1" + strings.TrimPrefix(address, host)
	} else if dial == nil && net.ParseIP(host) == nil {
		return bridge{}, fmt.Errorf("SAM address %q: host must be an IP literal, as names would need DNS", address)
	}
	return bridge{dial: dialOr(dial, "tcp", address), network: "tcp", address: address}, nil
}

func dialOr(dial dialFunc, network, address string) dialFunc {
	if dial != nil {
		return dial
	}
	return newDialer(network, address).DialContext
}

// hello is what a router says of itself.
type hello struct{ version string }

// modern reports whether the router speaks SAM 3.2 or 3.3.
func (h hello) modern() bool { return h.version == "3.2" || h.version == "3.3" }

// open connects to the bridge and shakes hands.
func (b bridge) open(ctx context.Context) (net.Conn, hello, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, bridgeTimeout, errNoAnswer)
	defer cancel()
	conn, err := b.dial(ctx, b.network, b.address)
	if ctx.Err() != nil {
		err = contextError(ctx)
	} else if err != nil {
		err = down(fmt.Errorf("connect to SAM at %s: %w", b.address, err))
	}
	if err != nil {
		if conn != nil {
			conn.Close()
		}
		return nil, hello{}, err
	}
	greeting := command("HELLO", "VERSION", "MIN", "3.1", "MAX", "3.3")
	if b.login != nil {
		greeting.Params = append(greeting.Params, b.login()...)
	}
	m, err := exchange(ctx, conn, wire.MaxReply, greeting)
	if err == nil {
		err = checkHello(m)
	}
	if err != nil {
		conn.Close()
		return nil, hello{}, fmt.Errorf("SAM at %s: %w", b.address, err)
	}
	return conn, hello{m.Get("VERSION")}, nil
}

// checkHello repeats no words of the router, which was told the password.
func checkHello(m wire.Message) error {
	if !m.Is("HELLO", "REPLY") {
		return fmt.Errorf("%w: no SAM bridge answers here", dialer.ErrRouter)
	}
	if err := authError(m); err != nil {
		return err
	}
	result := m.Get("RESULT")
	if reason, known := reasons[result]; known {
		return &ResultError{Result: result, Reason: reason}
	}
	switch m.Get("VERSION") {
	case "3.1", "3.2", "3.3":
		if result == "OK" {
			return nil
		}
	}
	return fmt.Errorf("%w: no version of SAM that was offered", dialer.ErrRouter)
}

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

// exchange sends one command in one write and reads its answer; atLeast is that of readLine.
func exchange(ctx context.Context, conn net.Conn, atLeast int, m wire.Message) (reply wire.Message, err error) {
	err = interruptible(ctx, conn, func() error {
		if err := send(conn, m); err != nil {
			return err
		}
		line, err := readLine(conn, atLeast)
		if err != nil {
			return down(fmt.Errorf("%s %s: %w", m.Verb, m.Action, err))
		}
		reply, err = parse(line)
		return err
	})
	return reply, err
}

func send(conn net.Conn, m wire.Message) error {
	line, err := wire.AppendCommand(nil, m)
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

// interruptible runs f, which reads and writes conn, and makes it fail as soon as ctx ends.
// The connection is of no further use then.
func interruptible(ctx context.Context, conn net.Conn, f func() error) error {
	stop := context.AfterFunc(ctx, func() { conn.SetDeadline(time.Unix(1, 0)) })
	err := f()
	if !stop() { // even if f made it: the deadline is set, or about to be
		return contextError(ctx)
	}
	return err
}

// contextError tells why ctx ended: its cause, or ErrTimeout where time was up.
func contextError(ctx context.Context) error {
	if err := context.Cause(ctx); !errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	return fmt.Errorf("%w: %w", dialer.ErrTimeout, context.DeadlineExceeded)
}

var errLineTooLong = errors.New("line too long")

// readLine reads one line and not a byte more, in as few reads as it can: the shortest
// line that can be accepted has atLeast bytes, newline included. A line
// that the end of the stream ends counts, as Java I2P leaves the newline out of some errors.
func readLine(r io.Reader, atLeast int) (string, error) {
	buf := make([]byte, atLeast, max(atLeast, 64))
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
			buf = append(buf, 0)
		}
	}
}
