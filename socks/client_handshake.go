package socks

import (
	"errors"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
)

// messages is all that a client will say, made before anything is dialled: what
// cannot be said fails without a connection.
type messages struct {
	greeting, userPass, request []byte // SOCKS 4 has the request only
}

func (d *Dialer) messages(cmd byte, a wire.Addr) (m messages, err error) {
	switch d.Version {
	case SOCKS4, SOCKS4a:
		if d.Version == SOCKS4 && !a.IP.Is4() {
			return m, errNeedsIPv4
		}
		user := d.Username
		if d.Password != "" {
			if strings.Contains(d.Password, ":") {
				return m, errors.New("socks: SOCKS4 cannot carry a password with a colon")
			}
			user += ":" + d.Password
		}
		m.request, err = wire.AppendRequest4(nil, cmd, user, a)
	case 0, SOCKS5:
		m.greeting = wire.AppendGreeting(nil, wire.MethodNone)
		if d.Username != "" || d.Password != "" {
			m.greeting = wire.AppendGreeting(nil, wire.MethodUserPass)
			if m.userPass, err = wire.AppendUserPass(nil, d.Username, d.Password); err != nil {
				return m, fmt.Errorf("socks: credentials: %w", err)
			}
		}
		m.request, err = wire.AppendRequest5(nil, cmd, a)
	default:
		return m, fmt.Errorf("socks: unknown %v", d.Version)
	}
	if err != nil {
		return m, fmt.Errorf("socks: request: %w", err)
	}
	return m, nil
}

// exchange does the handshake and returns the address of the server's first reply once it reported success.
func (m messages) exchange(conn net.Conn) (bound wire.Addr, err error) {
	if m.greeting == nil {
		return ask(conn, m.request, consumeReply4)
	}
	method, err := ask(conn, m.greeting, wire.ConsumeMethod)
	switch want := m.greeting[2]; {
	case err != nil:
		return bound, err
	case method != want: // also 0xFF
		return bound, fmt.Errorf("authenticate: %w: server chose %#02x", wire.ErrMethod, method)
	}
	if m.userPass != nil {
		ok, err := ask(conn, m.userPass, wire.ConsumeUserPassStatus)
		if err == nil && !ok {
			err = fmt.Errorf("authenticate: %w", wire.ErrAuth)
		}
		if err != nil {
			return bound, err
		}
	}
	return ask(conn, m.request, consumeReply5)
}

// reply waits for one more reply.
func (m messages) reply(conn net.Conn) (bound wire.Addr, err error) {
	if m.greeting == nil {
		return ask(conn, nil, consumeReply4)
	}
	return ask(conn, nil, consumeReply5)
}

// consumeReply4 and consumeReply5 make an error of a reply that is no success.

func consumeReply4(b []byte) (wire.Addr, int, error) {
	code, bound, n, err := wire.ConsumeReply4(b)
	if err == nil && n <= len(b) && code != wire.Granted4 {
		err = &ReplyError{Reply: GeneralFailure, Err: fmt.Errorf("SOCKS4 reply %#02x", code)}
	}
	return bound, n, err
}

func consumeReply5(b []byte) (wire.Addr, int, error) {
	rep, bound, n, err := wire.ConsumeReply5(b)
	if err == nil && n <= len(b) && Reply(rep) != Succeeded {
		err = &ReplyError{Reply: Reply(rep)}
	}
	return bound, n, err
}

// ask sends a message, if there is one, and reads the answer, and not one byte more: what follows
// it is the peer's.
func ask[T any](conn net.Conn, message []byte, consume func([]byte) (T, int, error)) (answer T, err error) {
	if len(message) > 0 {
		if _, err := conn.Write(message); err != nil {
			return answer, fmt.Errorf("write to server: %w", err)
		}
	}
	buf := make([]byte, 0, 16)
	for {
		answer, n, err := consume(buf)
		if _, refused := errors.AsType[*ReplyError](err); refused {
			return answer, err
		}
		if err != nil {
			return answer, fmt.Errorf("answer of server: %w", err)
		}
		if n <= len(buf) {
			return answer, nil
		}
		have := len(buf)
		buf = append(buf, make([]byte, n-have)...)
		if _, err := io.ReadFull(conn, buf[have:]); err != nil {
			return answer, fmt.Errorf("read from server: %w", err)
		}
	}
}
