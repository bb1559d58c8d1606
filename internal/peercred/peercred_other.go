//go:build !linux

package peercred

import (
	"errors"
	"fmt"
	"runtime"
	"syscall"
)

func uid(syscall.RawConn) (int, error) {
	return 0, fmt.Errorf("peercred: on %s: %w", runtime.GOOS, errors.ErrUnsupported)
}
