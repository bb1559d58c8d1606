package addrbook

import (
	"fmt"
	"io"

	"github.com/go-i2p/i2psocks/keys"
)

// HostsError says in which line of a hosts file, counted from 1, something is
// wrong, and what. Its text does not repeat the line.
type HostsError struct {
	Line int
	Err  error

	// Read: not the line is wrong, but reading failed there, and ended.
	Read bool
}

func (e *HostsError) Error() string { return fmt.Sprintf("addrbook: hosts line %d: %v", e.Line, e.Err) }

// Unwrap returns Err.
func (e *HostsError) Unwrap() error { return e.Err }

// ParseHosts reads a hosts.txt file: lines of the form name=destination, the
// destination in base64. The names in the result are canonical, as
// [i2phost.Host.String] gives them.
//
// Empty lines and those that begin with ';' are passed over, and '#' starts a
// comment anywhere; signed properties after "#!" are thus ignored, unchecked.
// White space around name and destination, CRLF and a byte order mark are
// dropped. A name may be repeated with the same destination, not with another.
//
// The first line that is wrong fails the whole file with a *[HostsError], and
// no part is returned. It wraps an error of i2phost or keys, [ErrConflict],
// [bufio.ErrTooLong] for a line of more than 2 KiB, or the error of r. The
// number of lines is not bounded: bound what you read, if it is not yours.
//
// [ReadHosts] reads leniently, and loses nothing.
func ParseHosts(r io.Reader) (map[string]keys.Destination, error) {
	book := make(map[string]keys.Destination)
	first := make(map[string]int)
	for line, err := range HostsLines(r) {
		if err != nil {
			return nil, err
		}
		if line.Name == "" {
			continue
		}
		if old, ok := book[line.Name]; ok {
			if old != line.Destination {
				return nil, twice(line.Number, first[line.Name])
			}
			continue
		}
		book[line.Name], first[line.Name] = line.Destination, line.Number
	}
	return book, nil
}

func twice(line, first int) error {
	return &HostsError{Line: line, Err: fmt.Errorf("%w: the other is in line %d", ErrConflict, first)}
}
