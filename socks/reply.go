package socks

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
)

// Reply is a reply code of RFC 1928, section 6, or of Tor's proposal 304. SOCKS 4 has only success and failure. The
// server chooses the code by matching the error of a request with these values, never by its text:
//
//	the choice of [Server].ReplyFor                     that code
//	*ReplyError                                         its own code
//	any other error of [Server].Allow                   0x02
//	os.ErrDeadlineExceeded, context.DeadlineExceeded,
//	Timeout() true                                      0x06
//	syscall.ECONNREFUSED                                0x05
//	syscall.EHOSTUNREACH, *net.DNSError not found       0x04
//	syscall.ENETUNREACH                                 0x03
//	errors.ErrUnsupported                               0x02, 0x08 for an IP address
//	anything else                                       0x01
type Reply byte

// The codes of RFC 1928.
const (
	Succeeded           Reply = 0x00
	GeneralFailure      Reply = 0x01
	NotAllowed          Reply = 0x02
	NetworkUnreachable  Reply = 0x03
	HostUnreachable     Reply = 0x04
	ConnectionRefused   Reply = 0x05
	TTLExpired          Reply = 0x06 // the server uses it for timeouts
	CommandNotSupported Reply = 0x07
	AddressNotSupported Reply = 0x08
)

// The codes of Tor's proposal 304, for I2P: the lease set takes the place of the descriptor. A server sends
// them if [Server].ExtendedErrors is set, and else the code of RFC 1928 that is named here.
const (
	DescriptorNotFound   Reply = 0xF0 // 0x04; the network does not know the host
	DescriptorInvalid    Reply = 0xF1 // 0x04
	IntroductionFailed   Reply = 0xF2 // 0x05; the host is known and does not answer
	RendezvousFailed     Reply = 0xF3 // 0x04
	MissingClientAuth    Reply = 0xF4 // 0x04; the host wants a key that we do not have
	WrongClientAuth      Reply = 0xF5 // 0x04
	BadAddress           Reply = 0xF6 // 0x04; the name is malformed
	IntroductionTimedOut Reply = 0xF7 // 0x06
)

var replyTexts = map[Reply]string{
	Succeeded:           "succeeded",
	GeneralFailure:      "general failure",
	NotAllowed:          "not allowed by ruleset",
	NetworkUnreachable:  "network unreachable",
	HostUnreachable:     "host unreachable",
	ConnectionRefused:   "connection refused",
	TTLExpired:          "TTL expired",
	CommandNotSupported: "command not supported",
	AddressNotSupported: "address type not supported",

	DescriptorNotFound:   "descriptor not found",
	DescriptorInvalid:    "descriptor invalid",
	IntroductionFailed:   "introduction failed",
	RendezvousFailed:     "rendezvous failed",
	MissingClientAuth:    "missing client authorization",
	WrongClientAuth:      "wrong client authorization",
	BadAddress:           "bad address",
	IntroductionTimedOut: "introduction timed out",
}

// String returns the meaning of the code.
func (r Reply) String() string {
	if s, ok := replyTexts[r]; ok {
		return s
	}
	return fmt.Sprintf("reply %#02x", byte(r))
}

// ReplyError is an error with a reply code. A [Dialer] returns it for failures that its server reports, and a server
// forwards the code, so that a chain of servers preserves it.
type ReplyError struct {
	Reply Reply
	Err   error // cause; may be nil
}

// Error returns the meaning of the code and the cause.
func (e *ReplyError) Error() string {
	if e.Err == nil {
		return "socks: " + e.Reply.String()
	}
	return "socks: " + e.Reply.String() + ": " + e.Err.Error()
}

// Unwrap returns the cause.
func (e *ReplyError) Unwrap() error { return e.Err }

// Timeout reports whether the code stands for a timeout.
func (e *ReplyError) Timeout() bool { return e.Reply.failure() == TTLExpired }

// Is reports whether target is the standard library's value for the code:
// [fs.ErrPermission], [syscall.ENETUNREACH], [syscall.EHOSTUNREACH],
// [syscall.ECONNREFUSED], [os.ErrDeadlineExceeded] or [errors.ErrUnsupported].
func (e *ReplyError) Is(target error) bool {
	switch e.Reply.failure() {
	case NotAllowed:
		return target == fs.ErrPermission
	case NetworkUnreachable:
		return target == syscall.ENETUNREACH
	case HostUnreachable:
		return target == syscall.EHOSTUNREACH
	case ConnectionRefused:
		return target == syscall.ECONNREFUSED
	case TTLExpired:
		return target == os.ErrDeadlineExceeded
	case CommandNotSupported, AddressNotSupported:
		return target == errors.ErrUnsupported
	}
	return false
}

// reply returns the code to send for the error of a request; literal says that it was for an IP address.
func (s *Server) reply(err error, literal bool) Reply {
	r := Succeeded
	if s.ReplyFor != nil {
		r = s.opinion(err)
	}
	if r == Succeeded {
		r = replyFor(err, literal)
	}
	if s.ExtendedErrors && r.isExtended() {
		return r
	}
	return r.failure()
}

// opinion asks ReplyFor, which has none if it panics.
func (s *Server) opinion(err error) (r Reply) {
	var panicked error
	defer s.contain("ReplyFor", &panicked)
	return s.ReplyFor(err)
}

// replyFor returns the code that err stands for by itself.
func replyFor(err error, literal bool) Reply {
	if e, ok := errors.AsType[*ReplyError](err); ok {
		return e.Reply
	}
	if e, ok := errors.AsType[interface {
		error
		Timeout() bool
	}](err); ok && e.Timeout() {
		return TTLExpired
	}
	dns, isDNS := errors.AsType[*net.DNSError](err)
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded):
		return TTLExpired
	case errors.Is(err, syscall.ECONNREFUSED):
		return ConnectionRefused
	case errors.Is(err, syscall.EHOSTUNREACH), isDNS && dns.IsNotFound:
		return HostUnreachable
	case errors.Is(err, syscall.ENETUNREACH):
		return NetworkUnreachable
	case errors.Is(err, errors.ErrUnsupported) && literal:
		return AddressNotSupported
	case errors.Is(err, errors.ErrUnsupported):
		return NotAllowed
	}
	return GeneralFailure
}

func (r Reply) isExtended() bool { return r >= DescriptorNotFound && r <= IntroductionTimedOut }

// failure returns the code of RFC 1928 for a failed request. Clients do not
// expect others, so the codes of Tor's proposal 304 become their nearest.
func (r Reply) failure() Reply {
	switch {
	case r == IntroductionFailed:
		return ConnectionRefused
	case r == IntroductionTimedOut:
		return TTLExpired
	case r.isExtended():
		return HostUnreachable
	case r == Succeeded || r > AddressNotSupported:
		return GeneralFailure
	}
	return r
}

// successMessage returns the bytes that tell a client of success. The bound address of CONNECT is
// 0.0.0.0:0: an I2P connection has none, and clients fail over any other form. SOCKS 4 has no room
// for a name.
func successMessage(v Version, bound wire.Addr) []byte {
	if v != SOCKS5 {
		return wire.AppendReply4(nil, wire.Granted4, bound)
	}
	b, err := wire.AppendReply5(nil, byte(Succeeded), bound)
	if err != nil { // a name of more than 255 bytes, which hostPort lets nobody have
		b, _ = wire.AppendReply5(nil, byte(Succeeded), wire.Addr{})
	}
	return b
}

// failureMessage returns the bytes that tell a client the code of a failure.
func failureMessage(v Version, r Reply) []byte {
	if v != SOCKS5 {
		return wire.AppendReply4(nil, wire.Rejected4, wire.Addr{})
	}
	b, _ := wire.AppendReply5(nil, byte(r), wire.Addr{})
	return b
}
