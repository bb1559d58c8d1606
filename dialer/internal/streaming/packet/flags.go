package packet

import (
	"fmt"
	"strings"
)

// Flags is the flag word of a packet: streaming specification, "Flags and Option Data Fields".
type Flags uint16

const (
	SYN                Flags = 1 << iota // opens a stream; needs FROM and a signature
	Close                                // no data follows; needs a signature
	Reset                                // ends both directions at once; needs a signature
	SignatureIncluded                    // option, the last one
	SignatureRequested                   // not used by anybody
	FromIncluded                         // option: the sender's destination
	DelayRequested                       // option: how long an acknowledgement may wait, or a choke
	MaxPacketIncluded                    // option: the largest payload that the sender takes
	Interactive                          // not used by anybody
	Echo                                 // ping or pong
	NoAck                                // ackThrough and the NACKs say nothing
	OfflineSignature                     // option: the signature is by a transient key
)

var flagNames = [...]string{"SYN", "CLOSE", "RESET", "SIG", "SIGREQ", "FROM", "DELAY", "MAXSIZE", "INTERACTIVE", "ECHO", "NOACK", "OFFLINE"}

// Has reports whether all of g are set.
func (f Flags) Has(g Flags) bool { return f&g == g }

// String lists the flags, such as "SYN SIG FROM".
func (f Flags) String() string {
	var s []string
	for i, name := range flagNames {
		if f&(1<<i) != 0 {
			s = append(s, name)
		}
	}
	if rest := f >> len(flagNames) << len(flagNames); rest != 0 {
		s = append(s, fmt.Sprintf("%#04x", uint16(rest)))
	}
	return strings.Join(s, " ")
}

// ChokeDelay is the delay, in milliseconds, from which on it asks for no more
// data rather than for acknowledgements: Java I2P sends 61000, i2pd 60000 or 65535.
const ChokeDelay = 60000

// SendChoke is the delay by which we choke; every implementation reads it as one.
const SendChoke = 61000
