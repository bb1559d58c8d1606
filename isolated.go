package i2psocks

import (
	"context"
	"fmt"
	"io"
	"net"

	"github.com/go-i2p/i2psocks/dialer"
)

// isolated is an isolated identity that finds names.
type isolated struct {
	dialer.Backend
	endpoint *Endpoint
	token    string
}

// Format keeps fmt from printing the endpoint and its secret.
func (i *isolated) Format(w fmt.State, _ rune) { io.WriteString(w, "i2psocks.Isolated") }

// Up starts the endpoint first, which tells who calls it from where it must not.
func (i *isolated) Up(ctx context.Context) error {
	if _, err := i.endpoint.start(ctx); err != nil {
		return err
	}
	return i.Backend.Up(ctx)
}

func (i *isolated) Addr() dialer.Addr {
	if _, err := i.endpoint.start(context.Background()); err != nil {
		return dialer.Addr{}
	}
	return i.Backend.Addr()
}

func (i *isolated) Listen(ctx context.Context, network, address string) (net.Listener, error) {
	if _, err := i.endpoint.start(ctx); err != nil {
		return nil, err
	}
	return i.Backend.Listen(ctx, network, address)
}

func (i *isolated) Dial(network, address string) (net.Conn, error) {
	return i.DialContext(context.Background(), network, address)
}

func (i *isolated) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	ctx, cancel := i.endpoint.dialContext(ctx)
	defer cancel()
	n, err := i.names(ctx)
	if err != nil {
		return nil, err
	}
	return n.dial(ctx, i.Backend, network, address)
}

func (i *isolated) LookupAddr(ctx context.Context, host string) (b32 string, err error) {
	ctx, cancel := i.endpoint.dialContext(ctx)
	defer cancel()
	n, err := i.names(ctx)
	if err != nil {
		return "", err
	}
	return n.lookupAddr(ctx, i.Backend, host)
}

func (i *isolated) ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error) {
	n, err := i.names(ctx)
	if err != nil {
		return nil, err
	}
	return n.listenPacket(ctx, i.Backend, network, address, i.endpoint.dialTime())
}

// names returns those that the identity may see without being linked to another.
func (i *isolated) names(ctx context.Context) (names, error) {
	has, err := i.endpoint.start(ctx)
	if err != nil {
		return names{}, err
	}
	n := names{hosts: has.names.hosts, router: true}
	switch book, choice := i.endpoint.Book, i.endpoint.Isolation.Book; {
	case choice != nil:
		n.book = choice(i.token)
		n.router = n.book == nil
	case book != nil:
		n.book, n.router = book.Local(), book.Router != nil
	}
	return n, nil
}
