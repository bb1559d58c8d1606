package i2pd

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"strconv"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/internal/peercred"
)

const (
	helloTimeout  = 2 * time.Second
	acceptTimeout = 8 * time.Second // less than the 10 s of a session, so that its error is ErrNoSAM
)

// hello asks the SAM bridge on a loopback port for a sign of life, and looks whether it is of the
// child's user, as far as that can be told.
func (p *process) hello(ctx context.Context, port int, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", loopback(port))
	if err != nil {
		return err
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := io.WriteString(conn, "HELLO VERSION MIN=3.1 MAX=3.3\n"); err != nil {
		return err
	}
	want := []byte("HELLO REPLY RESULT=OK ")
	got := make([]byte, len(want))
	if _, err := io.ReadFull(conn, got); err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%w by what does not speak SAM", ErrPortTaken)
	}
	return checkUser(conn)
}

// listens reports whether something takes connections on a loopback port.
func (p *process) listens(ctx context.Context, port int) bool {
	ctx, cancel := context.WithTimeout(ctx, helloTimeout)
	defer cancel()
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", loopback(port))
	if err == nil {
		conn.Close()
	}
	return err == nil
}

// DialSAM starts the router if necessary and connects to its SAM bridge. On Linux it verifies that the other end
// belongs to the user of the program, and so of the child; it fails with [ErrPortTaken] if another user has taken the
// port. It returns once the child has accepted the connection; if that takes more than 8 s it fails with [ErrNoSAM].
// Otherwise it fails as Start does.
func (r *Router) DialSAM(ctx context.Context) (net.Conn, error) {
	address, err := r.Address(ctx)
	if err != nil {
		return nil, err
	}
	return dialOwn(ctx, address)
}

// dialOwn connects to a port of the child, and to nobody else's.
func dialOwn(ctx context.Context, address string) (net.Conn, error) {
	conn, err := new(net.Dialer).DialContext(ctx, "tcp", address)
	if err != nil {
		return nil, err
	}
	if err := awaitUser(ctx, conn); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// awaitUser does what checkUser does, once somebody has accepted the connection.
func awaitUser(ctx context.Context, conn net.Conn) error {
	ctx, cancel := context.WithTimeoutCause(ctx, acceptTimeout, ErrNoSAM)
	defer cancel()
	for wait := time.Millisecond; ; wait = min(2*wait, pollEvery) {
		err := checkUser(conn)
		if !errors.Is(err, peercred.ErrNotHeld) {
			return err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// checkUser fails with ErrPortTaken if it is known that the other end is another user's. A child runs
// as its host does.
func checkUser(conn net.Conn) error {
	uid, err := peercred.UID(conn)
	if errors.Is(err, errors.ErrUnsupported) {
		return nil
	}
	if err == nil && uid != os.Geteuid() {
		err = errors.New("another user's")
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrPortTaken, err)
	}
	return nil
}

// Ports are chosen below those that systems give to outgoing connections, any of which could take that of a child that is down.
const (
	lowestChosen  = 10000
	highestChosen = 32767
)

// choosePort returns the wanted port, or a free one for 0. The port below must be free for datagrams.
func choosePort(want int) (int, error) {
	if want < 0 || want == 1 || want > 65535 {
		return 0, fmt.Errorf("i2pd: port %d is not in 2 to 65535", want)
	}
	return pickPort(want, tryPort)
}

// pickPort returns the wanted port, or one of those that are chosen from for 0, if try takes it.
func pickPort(want int, try func(port int) error) (int, error) {
	const tries = 20
	for tried := 1; ; tried++ {
		port := want
		if want == 0 {
			port = lowestChosen + rand.IntN(highestChosen-lowestChosen+1)
		}
		err := withoutForks(func() error { return try(port) })
		if err == nil {
			return port, nil
		}
		if want != 0 || tried == tries {
			if errors.Is(err, syscall.EADDRINUSE) {
				return 0, fmt.Errorf("%w: %w", ErrPortTaken, err)
			}
			return 0, fmt.Errorf("i2pd: port: %w", err)
		}
	}
}

func tryPort(port int) error {
	ln, err := net.Listen("tcp4", loopback(port))
	if err != nil {
		return err
	}
	defer ln.Close()
	pc, err := net.ListenPacket("udp4", loopback(port-1))
	if err != nil {
		return err
	}
	return pc.Close()
}

func loopback(port int) string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(port)) }
