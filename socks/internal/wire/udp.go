package wire

// MaxDatagramHeader is the length of the longest header of a datagram.
const MaxDatagramHeader = 3 + 1 + 1 + 255 + 2

// ConsumeDatagram reads a whole datagram (RFC 1928, section 7):
//
//	+-----+------+------+----------+----------+----------+
//	| RSV | FRAG | ATYP | DST.ADDR | DST.PORT |   DATA   |
//	+-----+------+------+----------+----------+----------+
//	|  2  |  1   |  1   |    n     |    2     |    n     |
//	+-----+------+------+----------+----------+----------+
//
// The results alias b; addr is ATYP to DST.PORT, for ConsumeAddr to read. Unlike the
// other codecs there is no more to come: a header that is cut off is ErrMalformed.
func ConsumeDatagram(b []byte) (frag byte, addr, data []byte, err error) {
	if len(b) < 4 || b[0] != 0 || b[1] != 0 {
		return 0, nil, nil, ErrMalformed
	}
	frag, b = b[2], b[3:]
	n, err := addrLen(b)
	switch {
	case err != nil:
		return frag, nil, nil, err
	case n > len(b):
		return frag, nil, nil, ErrMalformed
	case b[0] == atypName && b[1] == 0:
		return frag, nil, nil, ErrEmptyName
	}
	return frag, b[:n], b[n:], nil
}

// AppendDatagramHeader appends what stands in front of the data of an unfragmented
// datagram. A name of more than 255 bytes is ErrTooLong and appends nothing.
func AppendDatagramHeader(dst []byte, a Addr) ([]byte, error) {
	b, err := AppendAddr(append(dst, 0, 0, 0), a)
	if err != nil {
		return dst, err
	}
	return b, nil
}
