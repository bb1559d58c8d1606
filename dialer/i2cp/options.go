package i2cp

import (
	"fmt"
	"maps"
	"strings"
	"syscall"

	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/dialer/internal/settings"
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

// Tunnels says how the tunnels of one direction are built. More hops cost time, fewer cost anonymity.
type Tunnels struct {
	// Length is the number of hops, 1 to 7. 0 means 3; negative means none: no anonymity at all, for tests.
	Length int
	// Quantity is the number of parallel tunnels, 1 to 6; 0 means 3.
	Quantity int
	// LengthVariance makes lengths vary at random: by 0 to so many hops more if it is positive, by up to so many more or
	// fewer if it is negative. Each length must be 1 to 7. 0 means none.
	LengthVariance int
	// Backup is the number of tunnels kept ready beside Quantity, up to 6. 0 means none. Only Java I2P has such.
	Backup int
}

const maxOptionLen = 255 // of a key and of a value, by the protocol

// params puts the options of one direction, "inbound" or "outbound", into m.
func (t Tunnels) params(m i2cpwire.Mapping, direction, field string) error {
	options, wrong := settings.Tunnels(t).Options(direction)
	if wrong != nil {
		return badOption(field+"."+wrong.Field, "%s", wrong.Reason)
	}
	for _, o := range options {
		m[o.Key] = o.Value
	}
	return nil
}

// params is what a session asks of a router, but for what depends on the router.
type params struct {
	options i2cpwire.Mapping
	leases  leaseParams
}

func newParams(s *Session) (params, error) {
	p := params{options: i2cpwire.Mapping{
		"i2cp.fastReceive": "true", "i2cp.messageReliability": "none", "i2cp.leaseSetType": "3",
	}}
	if s.Nickname != "" && !settings.IsWord(s.Nickname, settings.MaxNickname) {
		return p, badOption("Nickname", "only letters, digits, '.', '_' and '-', at most %d", settings.MaxNickname)
	}
	for _, d := range []struct {
		name, field string
		tunnels     Tunnels
	}{{"inbound", "Inbound", s.Inbound}, {"outbound", "Outbound", s.Outbound}} {
		if err := d.tunnels.params(p.options, d.name, d.field); err != nil {
			return p, err
		}
		p.options[d.name+".nickname"] = settings.Nickname
		if s.Nickname != "" {
			p.options[d.name+".nickname"] = s.Nickname
		}
	}
	if s.DialOnly {
		p.options["i2cp.dontPublishLeaseSet"] = "true"
	}
	var err error
	if p.leases, err = s.LeaseSet.params(s); err != nil {
		return p, err
	}
	if p.leases.encrypted {
		p.options["i2cp.leaseSetType"] = "5"
	}
	for key, value := range s.Options {
		if reason := refuseOption(key, value); reason != "" {
			return p, badOption("Options", "%.64q %s", key, reason)
		}
		p.options[key] = value
	}
	return p, nil
}

// with returns the options for a router that is given those encryption types.
func (p params) with(encryption Encryption) i2cpwire.Mapping {
	m := maps.Clone(p.options)
	m["i2cp.leaseSetEncType"] = encryption.option()
	return m
}

// refusedOptions may not be passed on, by how they begin, in lower case.
var refusedOptions = []struct{ prefix, reason string }{
	{"inbound.", "is what Session.Inbound is for"},
	{"outbound.", "is what Session.Outbound is for"},
	{"i2cp.leaseset", "is what Session.LeaseSet is for"},
	{"i2cp.encryptleaseset", "is what Session.LeaseSet is for"},
	{"i2cp.dontpublishleaseset", "is what Session.DialOnly is for"},
	{"i2cp.fastreceive", "is always true"},
	{"i2cp.messagereliability", "is always none"},
	{"i2cp.username", "is what Session.User is for"},
	{"i2cp.password", "is what Session.Password is for"},
	{"i2cp.closeonidle", "would close the session"},
	{"i2cp.closeidletime", "would close the session"},
}

// refuseOption returns why an option is not passed on, "" if it is.
func refuseOption(key, value string) string {
	if !settings.IsWord(key, maxOptionLen) {
		return "is no name of an option"
	}
	lower := strings.ToLower(key)
	for _, r := range refusedOptions {
		if strings.HasPrefix(lower, r.prefix) {
			return r.reason
		}
	}
	if !strings.HasPrefix(key, "i2cp.") || len(key) == len("i2cp.") {
		return "is no option of I2CP"
	}
	if value == "" || len(value) > maxOptionLen || !printable(value) {
		return "has a value that cannot be sent: it must have 1 to 255 printable ASCII characters"
	}
	return ""
}

func printable(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' || s[i] > '~' {
			return false
		}
	}
	return true
}
