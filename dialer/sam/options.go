package sam

import (
	"fmt"
	"strconv"
	"syscall"

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

const (
	defaultLength   = 3
	defaultQuantity = 3
	maxLength       = 7 // i2pd crashes beyond 8
	maxQuantity     = 6
	defaultNickname = "i2psocks"
	maxNickname     = 64
)

// params returns the I2CP options of one direction, "inbound" or "outbound". Only values that no
// known router chokes on pass.
func (t Tunnels) params(direction, field string) ([]wire.Param, error) {
	length, quantity := t.Length, t.Quantity
	switch {
	case length == 0:
		length = defaultLength
	case length < 0:
		length = 0
	}
	if quantity == 0 {
		quantity = defaultQuantity
	}
	if length > maxLength {
		return nil, badOption(field+".Length", "%d is not in 1 to %d", length, maxLength)
	}
	if quantity < 1 || quantity > maxQuantity {
		return nil, badOption(field+".Quantity", "%d is not in 1 to %d", quantity, maxQuantity)
	}
	if t.Backup < 0 || t.Backup > maxQuantity {
		return nil, badOption(field+".Backup", "%d is not in 0 to %d", t.Backup, maxQuantity)
	}
	if err := checkVariance(length, t.LengthVariance); err != nil {
		return nil, badOption(field+".LengthVariance", "%v", err)
	}
	params := []wire.Param{
		{Key: direction + ".length", Value: strconv.Itoa(length)},
		{Key: direction + ".quantity", Value: strconv.Itoa(quantity)},
	}
	if t.LengthVariance != 0 {
		params = append(params, wire.Param{Key: direction + ".lengthVariance", Value: strconv.Itoa(t.LengthVariance)})
	}
	if t.Backup != 0 {
		params = append(params, wire.Param{Key: direction + ".backupQuantity", Value: strconv.Itoa(t.Backup)})
	}
	return params, nil
}

// checkVariance wants that every length that can come about has a hop at least: none would be no
// anonymity, and nobody would know.
func checkVariance(length, variance int) error {
	shortest, longest := length, length+max(variance, -variance)
	if variance < 0 {
		shortest += variance
	}
	switch {
	case variance == 0:
		return nil
	case variance < -maxLength || longest > maxLength || variance > maxLength:
		return fmt.Errorf("tunnels of more than %d hops could come about", maxLength)
	case shortest < 1:
		return fmt.Errorf("tunnels without a hop could come about")
	}
	return nil
}
