package sam

import (
	"maps"
	"slices"
	"strings"

	"github.com/go-i2p/i2psocks/dialer/internal/settings"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

const (
	maxOptionKey   = 64
	maxOptionValue = 512
)

// passedPrefixes begin the names of all options that may be passed on: I2CP's and streaming's.
var passedPrefixes = []string{"i2cp.", "i2p.streaming.", "crypto."}

// refusedOptions may not be passed on, by how they begin, in lower case.
var refusedOptions = []struct{ prefix, reason string }{
	// What fields of the Session say.
	{"inbound.", "is what Session.Inbound is for"},
	{"outbound.", "is what Session.Outbound is for"},
	{"i2cp.leaseset", "is what Session.LeaseSet is for"},
	{"i2cp.encryptleaseset", "is what Session.LeaseSet is for"},
	{"i2cp.dontpublishleaseset", "is what Session.DialOnly is for"},
	{"i2cp.destination.sigtype", "is what Session.Identity is for"},
	// What would lead the router's SAM to another router, or tell it the secrets of one.
	{"i2cp.tcp.", "would make Java I2P use another router"},
	{"i2cp.ssl", "would make Java I2P use another router"},
	{"i2cp.username", "is for the router alone"},
	{"i2cp.password", "is for the router alone"},
	// What harms a session.
	{"i2cp.closeonidle", "would make Java I2P close the session"},
	{"i2cp.closeidletime", "would make Java I2P close the session"},
	{"i2p.streaming.connectdelay", "would make Java I2P report streams to peers that are not there"},
	{"i2p.streaming.answerpings", "has values that i2pd and Java I2P read differently"},
	{"i2p.streaming.dontsign", "would let others forge the session's packets"},
	// What some i2pd crashes on, or never answers.
	{"latency.", "can keep i2pd from ever answering"},
	{"explicitpeers", "can keep i2pd from ever answering, and chooses the hops"},
	{"crypto_type", "can crash i2pd"},
	{"signature_type", "is what Session.Identity is for"},
}

// wordOptions are the streaming options whose values are no numbers. i2pd does not read them.
var wordOptions = []string{"i2p.streaming.enforceProtocol", "i2p.streaming.disableRejectLogging", "i2p.streaming.limitAction"}

// passThrough checks the options of the host's own and returns them in the order of their names.
func passThrough(options map[string]string) ([]wire.Param, error) {
	var params []wire.Param
	for _, key := range slices.Sorted(maps.Keys(options)) {
		if reason := refuseOption(key, options[key]); reason != "" {
			return nil, badOption("Options", "%.*q %s", maxOptionKey, key, reason)
		}
		params = append(params, wire.Param{Key: key, Value: options[key]})
	}
	return params, nil
}

// refuseOption returns why an option is not passed on, "" if it is.
func refuseOption(key, value string) string {
	if !settings.IsWord(key, maxOptionKey) {
		return "is no name of an option"
	}
	lower := strings.ToLower(key)
	for _, r := range refusedOptions {
		if strings.HasPrefix(lower, r.prefix) {
			return r.reason
		}
	}
	if !slices.ContainsFunc(passedPrefixes, func(p string) bool { return len(key) > len(p) && strings.HasPrefix(key, p) }) {
		return "is no option of I2CP or streaming"
	}
	if len(value) > maxOptionValue || !sendable(value) {
		return "has a value that cannot be sent: it must have 1 to 512 printable ASCII characters, without blanks, quotes and backslashes"
	}
	// i2pd 2.56 that stumbles over one number leaves out what it would have read after it, such as the
	// type and the clients of the lease set: with a malformed one of these a service for some is open to all.
	if !strings.HasPrefix(key, "i2cp.") && !slices.Contains(wordOptions, key) && !isNumber(value) {
		return "must be a number of at most nine digits"
	}
	return ""
}

func isNumber(s string) bool {
	s = strings.TrimPrefix(s, "-")
	for i := range len(s) {
		if s[i] < '0' || s[i] > '9' {
			return false
		}
	}
	return 0 < len(s) && len(s) <= 9
}
