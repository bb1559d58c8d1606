package settings

import "strconv"

// Tunnels is how the tunnels of one direction are built, as the sessions' fields of that name have it: Length 0 is 3 hops and
// negative none, Quantity 0 is 3 tunnels, LengthVariance and Backup 0 are none.
type Tunnels struct {
	Length         int
	Quantity       int
	LengthVariance int
	Backup         int
}

const (
	defaultLength   = 3
	defaultQuantity = 3
	maxLength       = 7 // i2pd crashes beyond 8
	maxQuantity     = 6
)

// Options returns the options of one direction, "inbound" or "outbound". All are decimal integers in ranges on which no known
// router chokes.
func (t Tunnels) Options(direction string) ([]Option, *Bad) {
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
	switch {
	case length > maxLength:
		return nil, bad("Length", "%d is not in 1 to %d", length, maxLength)
	case quantity < 1 || quantity > maxQuantity:
		return nil, bad("Quantity", "%d is not in 1 to %d", quantity, maxQuantity)
	case t.Backup < 0 || t.Backup > maxQuantity:
		return nil, bad("Backup", "%d is not in 0 to %d", t.Backup, maxQuantity)
	}
	if wrong := checkVariance(length, t.LengthVariance); wrong != nil {
		return nil, wrong
	}
	options := []Option{
		{direction + ".length", strconv.Itoa(length)},
		{direction + ".quantity", strconv.Itoa(quantity)},
	}
	if t.LengthVariance != 0 {
		options = append(options, Option{direction + ".lengthVariance", strconv.Itoa(t.LengthVariance)})
	}
	if t.Backup != 0 {
		options = append(options, Option{direction + ".backupQuantity", strconv.Itoa(t.Backup)})
	}
	return options, nil
}

// checkVariance wants that every length that can come about has a hop at least: none would be no anonymity, and nobody
// would know.
func checkVariance(length, variance int) *Bad {
	shortest, longest := length, length+max(variance, -variance)
	if variance < 0 {
		shortest += variance
	}
	switch {
	case variance == 0:
		return nil
	case variance < -maxLength || variance > maxLength || longest > maxLength:
		return bad("LengthVariance", "tunnels of more than %d hops could come about", maxLength)
	case shortest < 1:
		return bad("LengthVariance", "tunnels without a hop could come about")
	}
	return nil
}
