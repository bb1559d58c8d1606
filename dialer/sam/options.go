package sam

import (
	"fmt"
	"strconv"

	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

// Tunnels says how the tunnels of one direction are built. More hops cost time, fewer cost anonymity.
type Tunnels struct {
	// Length is the number of hops, 1 to 7. 0 means 3; negative means none: no anonymity at all, for tests.
	Length int
	// Quantity is the number of parallel tunnels, 1 to 6; 0 means 3.
	Quantity int
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
func (t Tunnels) params(direction string) ([]wire.Param, error) {
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
		return nil, fmt.Errorf("%s tunnel length %d is not in 1 to %d", direction, length, maxLength)
	}
	if quantity < 1 || quantity > maxQuantity {
		return nil, fmt.Errorf("%s tunnel quantity %d is not in 1 to %d", direction, quantity, maxQuantity)
	}
	return []wire.Param{
		{Key: direction + ".length", Value: strconv.Itoa(length)},
		{Key: direction + ".quantity", Value: strconv.Itoa(quantity)},
	}, nil
}

// sessionParams returns all options of SESSION CREATE behind STYLE, ID and DESTINATION.
func sessionParams(nickname string, in, out Tunnels) ([]wire.Param, error) {
	if nickname == "" {
		nickname = defaultNickname
	}
	if !validNickname(nickname) {
		return nil, fmt.Errorf("nickname %q: only letters, digits, '.', '_' and '-', at most %d", nickname, maxNickname)
	}
	params := []wire.Param{
		{Key: "SIGNATURE_TYPE", Value: "7"},
		// X25519 alone: a client that offers ElGamal too loses the useful error of a mismatch.
		{Key: "i2cp.leaseSetEncType", Value: "4"},
	}
	for _, d := range []struct {
		name    string
		tunnels Tunnels
	}{{"inbound", in}, {"outbound", out}} {
		p, err := d.tunnels.params(d.name)
		if err != nil {
			return nil, err
		}
		params = append(append(params, p...), wire.Param{Key: d.name + ".nickname", Value: nickname})
	}
	return params, nil
}

func validNickname(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '.' || c == '_' || c == '-') {
			return false
		}
	}
	return len(s) <= maxNickname
}
