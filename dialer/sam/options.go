package sam

import (
	"fmt"
	"syscall"

	"github.com/go-i2p/i2psocks/dialer/internal/settings"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

// OptionError is an invalid field of a Session: some router would interpret it differently, crash on it, or do harm.
// It is never sent to a router. It matches syscall.EINVAL.
type OptionError struct {
	Option string // the field, such as "Inbound.Length"
	Reason string // never holds a secret
}

// Error returns the field and the reason.
func (e *OptionError) Error() string { return e.Option + ": " + e.Reason }

// Is reports whether target is [syscall.EINVAL].
func (e *OptionError) Is(target error) bool { return target == syscall.EINVAL }

// badOption returns an OptionError.
func badOption(option, format string, args ...any) error {
	return &OptionError{option, fmt.Sprintf(format, args...)}
}

// Tunnels configures the tunnels of one direction. More hops add latency, fewer reduce anonymity.
type Tunnels struct {
	// Length is the number of hops, 1 to 7. 0 means 3; negative means none: no anonymity at all, for tests.
	Length int
	// Quantity is the number of parallel tunnels, 1 to 6; 0 means 3.
	Quantity int
	// LengthVariance makes lengths vary at random: by 0 to so many hops more if it is positive, by
	// up to so many more or fewer if it is negative. Each length must be 1 to 7. 0 means none.
	LengthVariance int
	// Backup is the number of tunnels kept ready beside Quantity, up to 6. 0 means none. Only Java I2P has such.
	Backup int
}

// params returns the I2CP options of one direction, "inbound" or "outbound".
func (t Tunnels) params(direction, field string) ([]wire.Param, error) {
	options, wrong := settings.Tunnels(t).Options(direction)
	if wrong != nil {
		return nil, badOption(field+"."+wrong.Field, "%s", wrong.Reason)
	}
	params := make([]wire.Param, len(options))
	for i, o := range options {
		params[i] = wire.Param(o)
	}
	return params, nil
}
