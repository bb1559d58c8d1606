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

func (d *Dialer) messages(a wire.Addr) (m messages, err error) {
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
		m.request, err = wire.AppendRequest4(nil, wire.CmdConnect, user, a)
	case 0, SOCKS5:
		m.greeting = wire.AppendGreeting(nil, wire.MethodNone)
		if d.Username != "" || d.Password != "" {
			m.greeting = wire.AppendGreeting(nil, wire.MethodUserPass)
			if m.userPass, err = wire.AppendUserPass(nil, d.Username, d.Password); err != nil {
				return m, fmt.Errorf("socks: credentials: %w", err)
			}
		}
		m.request, err = wire.AppendRequest5(nil, wire.CmdConnect, a)
	default:
		return m, fmt.Errorf("socks: unknown %v", d.Version)
	}
	if err != nil {
		return m, fmt.Errorf("socks: request: %w", err)
	}
	return m, nil
}

// exchange does the handshake and returns once the server reported success.
func (m messages) exchange(conn net.Conn) error {
	if m.greeting == nil {
		code, err := ask(conn, m.request, wire.ConsumeReply4)
		if err == nil && code != wire.Granted4 {
			err = &ReplyError{Reply: GeneralFailure, Err: fmt.Errorf("SOCKS4 reply %#02x", code)}
		}
		return err
	}
	method, err := ask(conn, m.greeting, wire.ConsumeMethod)
	switch want := m.greeting[2]; {
	case err != nil:
		return err
	case method != want: // also 0xFF
		return fmt.Errorf("authenticate: %w: server chose %#02x", wire.ErrMethod, method)
	}
	if m.userPass != nil {
		ok, err := ask(conn, m.userPass, wire.ConsumeUserPassStatus)
		if err == nil && !ok {
			err = fmt.Errorf("authenticate: %w", wire.ErrAuth)
		}
		if err != nil {
			return err
		}
	}
	rep, err := ask(conn, m.request, func(b []byte) (Reply, int, error) {
		rep, _, n, err := wire.ConsumeReply5(b)
		return Reply(rep), n, err
	})
	if err == nil && rep != Succeeded {
		err = &ReplyError{Reply: rep}
	}
	return err
}

// ask sends a message and reads the answer, and not one byte more: what follows it is the peer's.
func ask[T any](conn net.Conn, message []byte, consume func([]byte) (T, int, error)) (answer T, err error) {
	if _, err := conn.Write(message); err != nil {
		return answer, fmt.Errorf("write to server: %w", err)
	}
	buf := make([]byte, 0, 16)
	for {
		answer, n, err := consume(buf)
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
