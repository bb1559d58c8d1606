package addrbook

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

// maxLine bounds a line of a hosts file, in bytes without its end. The longest
// entry has about 600; signed properties may take as much again, twice.
const maxLine = 2 << 10

var (
	// ErrConflict: a name stands in the file twice, with different destinations.
	ErrConflict = errors.New("name with two destinations")

	errNoName = errors.New("not of the form name=destination")
)

// HostsError says in which line of a hosts file, counted from 1, parsing
// stopped, and why. Its text does not repeat the line.
type HostsError struct {
	Line int
	Err  error
}

func (e *HostsError) Error() string { return fmt.Sprintf("addrbook: hosts line %d: %v", e.Line, e.Err) }

// Unwrap returns Err.
func (e *HostsError) Unwrap() error { return e.Err }

type entry struct {
	dest keys.Destination
	line int
}

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
func ParseHosts(r io.Reader) (map[string]keys.Destination, error) {
	entries := make(map[string]entry)
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine+len("\r\n"))
	n := 0
	for lines.Scan() && lines.Err() == nil { // with an error comes half a line
		n++
		line := lines.Text()
		if n == 1 {
			line = strings.TrimPrefix(line, "\ufeff")
		}
		if err := addLine(entries, line, n); err != nil {
			return nil, &HostsError{n, err}
		}
	}
	if err := lines.Err(); err != nil {
		return nil, &HostsError{n + 1, err}
	}
	book := make(map[string]keys.Destination, len(entries))
	for name, e := range entries {
		book[name] = e.dest
	}
	return book, nil
}

func addLine(entries map[string]entry, line string, n int) error {
	name, dest, err := parseLine(line)
	if err != nil || name == "" {
		return err
	}
	if old, ok := entries[name]; ok && old.dest != dest {
		return fmt.Errorf("%w: the other is in line %d", ErrConflict, old.line)
	}
	entries[name] = entry{dest, n}
	return nil
}

// parseLine returns the name "" for a line without an entry.
func parseLine(line string) (name string, dest keys.Destination, err error) {
	if len(line) > maxLine {
		return "", dest, bufio.ErrTooLong
	}
	line, _, _ = strings.Cut(line, "#")
	line = strings.Trim(line, " \t")
	if line == "" || line[0] == ';' {
		return "", dest, nil
	}
	name, text, ok := strings.Cut(line, "=")
	if !ok {
		return "", dest, errNoName
	}
	host, err := i2phost.Parse(strings.TrimRight(name, " \t"))
	if err != nil {
		return "", dest, err
	}
	if host.Kind() != i2phost.Name {
		// A hash needs no entry, and must not be given another meaning by one.
		return "", dest, fmt.Errorf("%w: %v for a name", i2phost.ErrMalformed, host.Kind())
	}
	dest, err = keys.ParseDestination(strings.TrimLeft(text, " \t"))
	return host.String(), dest, err
}
