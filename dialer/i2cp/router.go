package i2cp

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/dialer/internal/settings"
)

const (
	answerTimeout = 10 * time.Second  // connect, and each answer that needs no network
	createTimeout = 300 * time.Second // tunnels take up to minutes
	// version is the I2CP that is spoken here. i2pd up to 2.56 repeats it in the place of its own.
	version = "0.9.66"
	// mlkemVersion is the first that has hybrid encryption in both routers.
	mlkemVersion = 67
	// ratchetVersion is i2pd 2.59, the first that does not lose what follows a first message to a peer.
	ratchetVersion = 68
)

// router is a place where I2CP is spoken.
type router struct {
	address string
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	login   func() i2cpwire.Mapping // a func, as fmt looks into all else
	owners  *dialer.Owners          // nil where the host has its own way: there is nothing to ask
}

// newRouters checks all addresses, and what is told to the routers there.
func newRouters(s *Session) ([]router, error) {
	login, err := newLogin(s.User, s.Password)
	if err != nil {
		return nil, err
	}
	if s.Owners == nil && s.DialRouter == nil {
		s.Owners = new(dialer.Owners)
	}
	var all []router
	for i, address := range append([]string{s.Address}, s.Fallbacks...) {
		address, err := settings.HostPort(cmp.Or(address, DefaultAddress), s.DialRouter != nil)
		if err != nil {
			return nil, badOption(settings.AddressField(i), "%v", err)
		}
		r := router{address, s.DialRouter, login, s.Owners}
		if r.dial == nil {
			r.dial = new(net.Dialer).DialContext
		}
		all = append(all, r)
	}
	return all, nil
}

func newLogin(user string, password func() string) (func() i2cpwire.Mapping, error) {
	secret, wrong := settings.Login(user, password, printable, "printable ASCII characters")
	if wrong != nil {
		return nil, badOption(wrong.Field, "%s", wrong.Reason)
	}
	if user == "" {
		return func() i2cpwire.Mapping { return nil }, nil
	}
	return func() i2cpwire.Mapping {
		return i2cpwire.Mapping{"i2cp.username": user, "i2cp.password": secret}
	}, nil
}

// open connects and shakes hands.
func (r router) open(ctx context.Context) (*wireConn, i2cpwire.SetDate, error) {
	var none i2cpwire.SetDate
	ctx, cancel := context.WithTimeoutCause(ctx, answerTimeout, errNoAnswer)
	defer cancel()
	conn, err := r.dial(ctx, "tcp", r.address)
	if err != nil {
		if conn != nil {
			conn.Close()
		}
		if ctx.Err() != nil {
			return nil, none, context.Cause(ctx)
		}
		return nil, none, down(fmt.Errorf("connect to I2CP at %s (is a router running, with I2CP enabled?): %w", r.address, err))
	}
	w := newWireConn(conn)
	var date i2cpwire.SetDate
	if err = r.owners.Check(ctx, conn, "tcp", r.address); err == nil {
		date, err = r.greet(ctx, w)
	}
	if err != nil {
		conn.Close()
		return nil, none, fmt.Errorf("I2CP at %s: %w", r.address, err)
	}
	return w, date, nil
}

func (r router) greet(ctx context.Context, w *wireConn) (i2cpwire.SetDate, error) {
	defer w.interrupt(ctx)()
	hello, err := i2cpwire.Append([]byte{i2cpwire.Protocol}, i2cpwire.GetDate{Version: version, Options: r.login()})
	if err != nil {
		return i2cpwire.SetDate{}, err
	}
	if _, err := w.conn.Write(hello); err != nil {
		return i2cpwire.SetDate{}, w.explain(ctx, err)
	}
	m, err := w.read()
	if err != nil {
		if errors.Is(err, i2cpwire.ErrTooLong) || errors.Is(err, i2cpwire.ErrMalformed) {
			return i2cpwire.SetDate{}, fmt.Errorf("%w: no I2CP is spoken here: %w", dialer.ErrRouter, err)
		}
		return i2cpwire.SetDate{}, w.explain(ctx, fmt.Errorf("no I2CP is spoken here, or with TLS: %w", err))
	}
	switch m := m.(type) {
	case i2cpwire.SetDate:
		return m, nil
	case i2cpwire.Disconnect:
		return i2cpwire.SetDate{}, disconnected(m.Reason)
	}
	return i2cpwire.SetDate{}, fmt.Errorf("%w: answered GetDate with %v", dialer.ErrRouter, m.Type())
}

// mlkem reports whether a router of that version can be asked for hybrid encryption. One that repeats our version may
// be an i2pd that crashes on it.
func mlkem(theirs string) bool { return minor(theirs) >= mlkemVersion }

// minor returns the last part of a router's version, 0 if it only repeats ours.
func minor(theirs string) (n int) {
	if theirs == version {
		return 0
	}
	if _, err := fmt.Sscanf(theirs, "0.9.%d", &n); err != nil {
		return 0
	}
	return n
}
