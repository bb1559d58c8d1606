package wire

// userPassVersion is the version of the subnegotiation, not of SOCKS.
const userPassVersion byte = 1

// ConsumeUserPass reads a username and a password (RFC 1929, section 2). Either
// may be empty: clients that only want to be told apart send such.
//
//	+-----+------+----------+------+----------+
//	| VER | ULEN |  UNAME   | PLEN |  PASSWD  |
//	+-----+------+----------+------+----------+
//	|  1  |  1   | 0 to 255 |  1   | 0 to 255 |
//	+-----+------+----------+------+----------+
func ConsumeUserPass(b []byte) (user, pass string, n int, err error) {
	if len(b) >= 1 && b[0] != userPassVersion {
		return "", "", 1, ErrVersion
	}
	if len(b) < 2 {
		return "", "", 3, nil
	}
	plen := 2 + int(b[1])
	if len(b) <= plen {
		return "", "", plen + 1, nil
	}
	n = plen + 1 + int(b[plen])
	if len(b) < n {
		return "", "", n, nil
	}
	return string(b[2:plen]), string(b[plen+1 : n]), n, nil
}

// AppendUserPass appends a username and a password. More than 255 bytes of either is ErrTooLong.
func AppendUserPass(dst []byte, user, pass string) ([]byte, error) {
	if len(user) > 255 || len(pass) > 255 {
		return dst, ErrTooLong
	}
	dst = append(append(dst, userPassVersion, byte(len(user))), user...)
	return append(append(dst, byte(len(pass))), pass...), nil
}

// ConsumeUserPassStatus reads the server's verdict; it is ok if STATUS is zero.
func ConsumeUserPassStatus(b []byte) (ok bool, n int, err error) {
	if len(b) >= 1 && b[0] != userPassVersion {
		return false, 1, ErrVersion
	}
	if len(b) < 2 {
		return false, 2, nil
	}
	return b[1] == 0, 2, nil
}

// AppendUserPassStatus appends the verdict.
func AppendUserPassStatus(dst []byte, ok bool) []byte {
	if ok {
		return append(dst, userPassVersion, 0)
	}
	return append(dst, userPassVersion, 1)
}
