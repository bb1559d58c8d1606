//go:build !linux

package sam

import (
	"net"

	"github.com/go-i2p/i2psocks/internal/inetdiag"
)

// unsent cannot be told here; the time since the last write must do.
func unsent(net.Conn, *inetdiag.Client) bool { return false }
