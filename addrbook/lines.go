package addrbook

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
)

// maxLine bounds a line of a hosts file, in bytes without its end. The longest entry
// has about 600, and its signed properties twice as much; those with the keys of
// ML-DSA, which are passed over, have up to 15,000.
const maxLine = 16 << 10

var errNoName = errors.New("not of the form name=address")

// Line is one line of a hosts file.
type Line struct {
	// Number counts lines from 1.
	Number int

	// Text is the line as it stands, without its end and a byte order mark.
	Text string

	// Name is canonical, as [i2phost.Host.String] gives it. It is empty, and
	// Address zero, for a line without an entry. What stands after '#' is
	// not looked at: see [ParseRecord].
	Name    string
	Address Address

	raw string // with its end and a byte order mark
}

// HostsLines reads a hosts file line by line in constant memory. Entries and errors are those of [ParseHosts], except
// that repeated names are not detected.
//
// For an invalid line it yields a *HostsError and continues with the next line. An error of r is yielded as a
// *HostsError too, without a text, and is the last.
func HostsLines(r io.Reader) iter.Seq2[Line, error] {
	return func(yield func(Line, error) bool) {
		br := bufio.NewReaderSize(r, 64<<10)
		for n := 1; ; n++ {
			line := Line{Number: n}
			var err, readErr error
			line.raw, readErr = readLine(br)
			switch {
			case readErr == io.EOF:
				return
			case readErr == nil:
				err = line.parse()
			default:
				err = readErr
			}
			broken := readErr != nil && readErr != bufio.ErrTooLong
			if err != nil {
				err = &HostsError{Line: n, Err: err, Read: broken}
			}
			if !yield(line, err) || broken {
				return
			}
		}
	}
}

// readLine returns a line with its end. It passes over one that is too long, for
// which it returns [bufio.ErrTooLong].
func readLine(r *bufio.Reader) (string, error) {
	b, err := r.ReadSlice('\n')
	overflow := err == bufio.ErrBufferFull
	for err == bufio.ErrBufferFull {
		_, err = r.ReadSlice('\n')
	}
	switch {
	case err != nil && err != io.EOF:
		return "", err // with an error comes half a line
	case overflow || len(trimEnd(string(b))) > maxLine:
		return "", bufio.ErrTooLong
	case len(b) == 0:
		return "", io.EOF
	}
	return string(b), nil
}

func trimEnd(s string) string { return strings.TrimSuffix(strings.TrimSuffix(s, "\n"), "\r") }

func (l *Line) parse() (err error) {
	l.Text = trimEnd(l.raw)
	if l.Number == 1 {
		l.Text = strings.TrimPrefix(l.Text, "\ufeff")
	}
	l.Name, l.Address, err = parseEntry(l.Text)
	return err
}

// parseEntry returns the name "" for a line without an entry.
func parseEntry(line string) (name string, a Address, err error) {
	line, _, _ = strings.Cut(line, "#")
	line = strings.Trim(line, " \t")
	if line == "" || line[0] == ';' {
		return "", a, nil
	}
	name, text, ok := strings.Cut(line, "=")
	if !ok {
		return "", a, errNoName
	}
	if name, err = canonical(strings.TrimRight(name, " \t")); err != nil {
		return "", a, err
	}
	if a, err = ParseAddress(strings.TrimLeft(text, " \t")); err != nil {
		return "", a, err
	}
	return name, a, nil
}

// canonical checks a name that an address book may hold. A hash needs no entry,
// and must not be given another meaning by one.
func canonical(name string) (string, error) {
	host, err := i2phost.Parse(name)
	if err != nil {
		return "", err
	}
	if host.Kind() != i2phost.Name {
		return "", fmt.Errorf("%w: %v for a name", i2phost.ErrMalformed, host.Kind())
	}
	return host.String(), nil
}
