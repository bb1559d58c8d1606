package sam

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
	"github.com/go-i2p/i2psocks/dialer/internal/settings"
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
	login            login          // may be nil
	owners           *dialer.Owners // nil where the host has its own way: there is nothing to ask
	hangs            *atomic.Bool   // it did not answer the last time
}

// newBridge checks the address, which a field of the Session has. Without a dial function of the host's own, it must
// hold an IP literal, since a name would need the system resolver.
func newBridge(field, address string, dial dialFunc) (bridge, error) {
	if path, ok := strings.CutPrefix(address, "unix:"); ok {
		if path == "" {
			return bridge{}, badOption(field, "empty path of a unix socket")
		}
		return bridge{dial: dialOr(dial, "unix", path), network: "unix", address: path, hangs: new(atomic.Bool)}, nil
	}
	address, err := settings.HostPort(cmp.Or(address, DefaultAddress), dial != nil)
	if err != nil {
		return bridge{}, badOption(field, "%v", err)
	}
	return bridge{dial: dialOr(dial, "tcp", address), network: "tcp", address: address, hangs: new(atomic.Bool)}, nil
}

// newBridges checks all addresses, and what is told to the bridges there.
func newBridges(s *Session) ([]bridge, error) {
	login, err := newLogin(s.User, s.Password)
	if err != nil {
		return nil, err
	}
	if s.Owners == nil && s.DialBridge == nil {
		s.Owners = new(dialer.Owners)
	}
	addresses := append([]string{s.Address}, s.Fallbacks...)
	bridges := make([]bridge, len(addresses))
	for i, address := range addresses {
		if bridges[i], err = newBridge(settings.AddressField(i), address, s.DialBridge); err != nil {
			return nil, err
		}
		bridges[i].login = login
		bridges[i].owners = s.Owners
	}
	return bridges, nil
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
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	return b.openAnd(ctx, cancel, func(net.Conn) error { return nil })
}

// openAnd is open, and then does what the connection is for. cancel ends ctx, which interrupts all of it.
func (b bridge) openAnd(ctx context.Context, cancel context.CancelCauseFunc, do func(net.Conn) error) (net.Conn, hello, error) {
	late := time.AfterFunc(bridgeTimeout, func() { cancel(errNoAnswer) })
	defer late.Stop()
	conn, err := b.dial(ctx, b.network, b.address)
	if ctx.Err() != nil {
		err = keeper.ContextError(ctx)
	} else if err != nil {
		err = down(fmt.Errorf("connect to SAM at %s (is a router running, with SAM enabled?): %w", b.address, err))
	}
	if err != nil {
		if conn != nil {
			conn.Close()
		}
		return nil, hello{}, err
	}
	var h hello
	err = interruptible(ctx, conn, func() error {
		m, err := b.greet(ctx, conn)
		if err != nil {
			return err
		}
		h = hello{m.Get("VERSION")}
		late.Stop()
		return do(conn)
	})
	switch {
	case err == nil:
		return conn, h, nil
	case h == hello{}:
		err = fmt.Errorf("SAM at %s: %w", b.address, err)
	}
	conn.Close()
	return nil, hello{}, err
}

// greet says HELLO, with a password only to whom it is for.
func (b bridge) greet(ctx context.Context, conn net.Conn) (m wire.Message, err error) {
	greeting := command("HELLO", "VERSION", "MIN", "3.1", "MAX", "3.3")
	if b.login != nil {
		if login := b.login(); len(login) > 0 {
			if err := b.owners.Check(ctx, conn, b.network, b.address); err != nil {
				return m, err
			}
			greeting.Params = append(greeting.Params, login...)
		}
	}
	if m, err = ask(conn, wire.MaxReply, greeting); err == nil {
		err = checkHello(m)
	}
	return m, err
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
