package addrbook

import (
	"fmt"
	"io"
)

// HostsError is an error in a line of a hosts file, counted from 1. Its text does not repeat the line.
type HostsError struct {
	Line int
	Err  error

	// Read: not the line is wrong, but reading failed there, and ended.
	Read bool
}

func (e *HostsError) Error() string { return fmt.Sprintf("addrbook: hosts line %d: %v", e.Line, e.Err) }

// Unwrap returns Err.
func (e *HostsError) Unwrap() error { return e.Err }

// ParseHosts reads a hosts.txt file: lines of the form name=address. The address is a base64 destination, with or
// without padding, or a base32 name, which other programs do not read: see [ParseAddress]. The names in the result
// are canonical, as [i2phost.Host.String] returns them.
//
// Empty lines and lines that begin with ';' are ignored, and '#' starts a comment anywhere; signed properties after
// "#!" are therefore ignored, without verification. White space around name and address, CRLF and a byte order mark
// are removed. A name may be repeated with the same address, but not with another.
//
// The first invalid line fails the whole file with a *HostsError. It wraps an error of i2phost or keys,
// [ErrConflict], bufio.ErrTooLong for a line of more than 16 KiB, or the error of r. The number of lines is not
// limited: limit r if it is not trusted.
func ParseHosts(r io.Reader) (map[string]Address, error) {
	book := make(map[string]Address)
	first := make(map[string]int)
	for line, err := range HostsLines(r) {
		if err != nil {
			return nil, err
		}
		if line.Name == "" {
			continue
		}
		if old, ok := book[line.Name]; ok {
			if !old.Same(line.Address) {
				return nil, twice(line.Number, first[line.Name])
			}
			continue
		}
		book[line.Name], first[line.Name] = line.Address, line.Number
	}
	return book, nil
}

func twice(line, first int) error {
	return &HostsError{Line: line, Err: fmt.Errorf("%w: the other is in line %d", ErrConflict, first)}
}
