// Package wire holds the codecs of SOCKS 4, 4a and 5 and the server's handshake
// as a state machine: bytes in, one next step out. It opens no socket, starts no
// goroutine, knows no clock and judges no name.
//
// Codecs come in pairs. AppendX adds a message to a slice. ConsumeX reads one
// from the front of a slice and returns its length n. If n > len(b), b is only the
// start of a message that has at least n bytes; this is a state, not an error. A caller
// that reads up to n and asks again never reads behind the message.
package wire

import "errors"

// First bytes of what a client may send.
const (
	Version4 byte = 4
	Version5 byte = 5
)

// Commands of SOCKS 4 and of RFC 1928, section 4, and the two that Tor added
// (socks-extensions.txt, section 2).
const (
	CmdConnect    byte = 0x01
	CmdBind       byte = 0x02
	CmdAssociate  byte = 0x03
	CmdResolve    byte = 0xF0
	CmdResolvePTR byte = 0xF1
)

// Reply codes of RFC 1928, section 6, that the codecs choose themselves.
const (
	RepSucceeded           byte = 0x00
	RepGeneralFailure      byte = 0x01
	RepHostUnreachable     byte = 0x04
	RepCommandNotSupported byte = 0x07
	RepAddressNotSupported byte = 0x08
)

// What a failed step or codec reports.
var (
	ErrVersion   = errors.New("not a SOCKS version")
	ErrHTTP      = errors.New("HTTP request on a SOCKS port")
	ErrMethod    = errors.New("no acceptable authentication method")
	ErrAuth      = errors.New("authentication failed")
	ErrMalformed = errors.New("malformed SOCKS message")
	ErrEmptyName = errors.New("empty host name")
	ErrCommand   = errors.New("unknown SOCKS command")
	ErrAddrType  = errors.New("unknown SOCKS address type")
	ErrTooLong   = errors.New("SOCKS message too long")
)

func knownCommand(c byte) bool {
	switch c {
	case CmdConnect, CmdBind, CmdAssociate, CmdResolve, CmdResolvePTR:
		return true
	}
	return false
}
