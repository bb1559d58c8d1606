package dialer

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
)

// keyed is what Isolated.Get returns: the backend of a key, whichever it is at the time.
type keyed struct {
	isolated  *Isolated
	user, key string
}

// use runs f on the backend, which is not retired for idleness meanwhile.
func (d *keyed) use(ctx context.Context, op string, f func(Backend) error) error {
	e, err := d.isolated.acquire(ctx, d.user, d.key)
	if err != nil {
		return OpError(op, nil, err)
	}
	defer d.isolated.release(e)
	return f(e.backend)
}

func (d *keyed) Up(ctx context.Context) error {
	return d.use(ctx, "up", func(b Backend) error { return b.Up(ctx) })
}

// Addr returns the address of the identity, made if there is none; zero if that fails.
func (d *keyed) Addr() (addr Addr) {
	d.use(context.Background(), "address", func(b Backend) error {
		addr = b.Addr()
		return nil
	})
	return addr
}

func (d *keyed) Dial(network, address string) (net.Conn, error) {
	return d.DialContext(context.Background(), network, address)
}

// DialContext checks the address first, so that none outside I2P costs an identity. It counts the stream as a use until
// it is closed.
func (d *keyed) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	if _, err := ParseTarget(network, address); err != nil {
		return nil, OpError("dial", nil, err)
	}
	e, err := d.isolated.acquire(ctx, d.user, d.key)
	if err != nil {
		return nil, OpError("dial", nil, err)
	}
	conn, err := e.backend.DialContext(ctx, network, address)
	if err != nil {
		d.isolated.release(e)
		return nil, err
	}
	return d.isolated.held(conn, e), nil
}

func (d *keyed) LookupAddr(ctx context.Context, host string) (b32 string, err error) {
	err = d.use(ctx, "lookup", func(b Backend) error {
		r, ok := b.(interface {
			LookupAddr(ctx context.Context, host string) (string, error)
		})
		if !ok {
			return OpError("lookup", nil, errors.ErrUnsupported)
		}
		b32, err = r.LookupAddr(ctx, host)
		return err
	})
	return b32, err
}

// Listen counts the listener as a use until it is closed.
func (d *keyed) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	e, err := d.isolated.acquire(ctx, d.user, d.key)
	if err != nil {
		return nil, OpError("listen", nil, err)
	}
	ln, err := e.backend.Listen(ctx, network, address)
	if err != nil {
		d.isolated.release(e)
		return nil, err
	}
	return &heldListener{Listener: ln, hold: hold{isolated: d.isolated, entry: e}}, nil
}

// ListenPacket counts the connection as a use until it is closed.
func (d *keyed) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	e, err := d.isolated.acquire(ctx, d.user, d.key)
	if err != nil {
		return nil, OpError("listen", nil, err)
	}
	var pc net.PacketConn
	l, ok := e.backend.(interface {
		ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
	})
	if ok {
		pc, err = l.ListenPacket(ctx, network, address)
	} else {
		err = OpError("listen", nil, fmt.Errorf("datagrams: %w", errors.ErrUnsupported))
	}
	if err != nil {
		d.isolated.release(e)
		return nil, err
	}
	return &heldPacketConn{PacketConn: pc, hold: hold{isolated: d.isolated, entry: e}}, nil
}

// Status returns how the backend is, zero if there is none.
func (d *keyed) Status() Status {
	d.isolated.mu.Lock()
	closed := d.isolated.closed
	var backend Backend
	if e := d.isolated.entries[d.key]; e != nil {
		backend = e.backend
	}
	d.isolated.mu.Unlock()
	switch {
	case closed:
		return Status{State: Closed}
	case backend != nil:
		return backend.Status()
	}
	return Status{}
}

// Close retires the backend, if there is one, and returns when it is gone.
func (d *keyed) Close() error {
	d.isolated.mu.Lock()
	e := d.isolated.entries[d.key]
	if e != nil {
		d.isolated.retire(e)
	}
	d.isolated.mu.Unlock()
	if e != nil {
		<-e.gone
	}
	return nil
}

// Format keeps fmt from printing the key.
func (d *keyed) Format(w fmt.State, _ rune) { io.WriteString(w, "dialer.Isolated") }
