package i2pd

import (
	"context"
	"fmt"
	"net"
	"syscall"
)

// DialI2CP is DialSAM for I2CP: it starts the router with I2CP if necessary, connects to it, and verifies the owner
// of the connection. If the router was started without I2CP it fails with [ErrNoI2CP].
func (r *Router) DialI2CP(ctx context.Context) (net.Conn, error) {
	r.mu.Lock()
	if r.keeper == nil {
		r.i2cpAsked = true
	}
	r.mu.Unlock()
	if err := r.Start(ctx); err != nil {
		return nil, err
	}
	address := r.Status().I2CP
	if address == "" {
		return nil, ErrNoI2CP
	}
	conn, err := dialOwn(ctx, address)
	if err != nil {
		return nil, fmt.Errorf("I2CP: %w", err)
	}
	return conn, nil
}

// chooseI2CP returns the port of before, unless it is 0, or a free one that SAM does not need.
func chooseI2CP(before, sam int) (int, error) {
	return pickPort(before, func(port int) error {
		if port == sam || port == sam-1 {
			return syscall.EADDRINUSE
		}
		ln, err := net.Listen("tcp4", loopback(port))
		if err != nil {
			return err
		}
		return ln.Close()
	})
}
