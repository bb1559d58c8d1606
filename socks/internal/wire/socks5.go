package wire

// Authentication methods of RFC 1928, section 3.
const (
	MethodNone     byte = 0x00
	MethodUserPass byte = 0x02
	MethodRefused  byte = 0xFF
)

// ConsumeGreeting reads the methods that a client offers (RFC 1928, section 3).
// The result aliases b.
//
//	+-----+----------+----------+
//	| VER | NMETHODS | METHODS  |
//	+-----+----------+----------+
//	|  1  |    1     | 0 to 255 |
//	+-----+----------+----------+
func ConsumeGreeting(b []byte) (methods []byte, n int, err error) {
	if len(b) >= 1 && b[0] != Version5 {
		return nil, 1, ErrVersion
	}
	if len(b) < 2 {
		return nil, 2, nil
	}
	n = 2 + int(b[1])
	if len(b) < n {
		return nil, n, nil
	}
	return b[2:n], n, nil
}

// AppendGreeting appends the offer of at most 255 methods.
func AppendGreeting(dst []byte, methods ...byte) []byte {
	return append(append(dst, Version5, byte(len(methods))), methods...)
}

// ConsumeMethod reads the method that a server chose.
func ConsumeMethod(b []byte) (method byte, n int, err error) {
	if len(b) >= 1 && b[0] != Version5 {
		return 0, 1, ErrVersion
	}
	if len(b) < 2 {
		return 0, 2, nil
	}
	return b[1], 2, nil
}

// AppendMethod appends the choice of a method.
func AppendMethod(dst []byte, method byte) []byte { return append(dst, Version5, method) }

// ConsumeRequest5 reads a request (RFC 1928, section 4). The command may be any byte.
//
//	+-----+-----+-----+------+----------+----------+
//	| VER | CMD | RSV | ATYP | DST.ADDR | DST.PORT |
//	+-----+-----+-----+------+----------+----------+
func ConsumeRequest5(b []byte) (cmd byte, a Addr, n int, err error) { return consume5(b) }

// AppendRequest5 appends a request. A name of more than 255 bytes is ErrTooLong.
func AppendRequest5(dst []byte, cmd byte, a Addr) ([]byte, error) { return append5(dst, cmd, a) }

// ConsumeReply5 reads a reply (RFC 1928, section 6), which has the layout of a
// request with REP in place of CMD. An empty name is taken as no name: a client need not care.
func ConsumeReply5(b []byte) (rep byte, bound Addr, n int, err error) {
	rep, bound, n, err = consume5(b)
	if err == ErrEmptyName {
		err = nil
	}
	return rep, bound, n, err
}

// AppendReply5 appends a reply. The zero Addr is sent as 0.0.0.0:0.
func AppendReply5(dst []byte, rep byte, bound Addr) ([]byte, error) { return append5(dst, rep, bound) }

func consume5(b []byte) (code byte, a Addr, n int, err error) {
	switch {
	case len(b) >= 1 && b[0] != Version5:
		return 0, a, 1, ErrVersion
	case len(b) >= 3 && b[2] != 0:
		return 0, a, 3, ErrMalformed
	case len(b) < 4:
		// No address is shorter than ATYP, one more byte and the port.
		return 0, a, 3 + 4, nil
	}
	a, n, err = ConsumeAddr(b[3:])
	return b[1], a, max(n+3, 3+4), err
}

func append5(dst []byte, code byte, a Addr) ([]byte, error) {
	b, err := AppendAddr(append(dst, Version5, code, 0), a)
	if err != nil {
		return dst, err
	}
	return b, nil
}
