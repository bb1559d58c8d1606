package addrbook

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"slices"
	"strings"

	"github.com/go-i2p/i2psocks/keys"
)

// Hosts is a hosts file in memory: all lines with their comments, properties and line ends, and an index of the
// names. It takes about as much memory as the file, and 200 bytes more for each name. The zero value is an empty
// file. It is a [Source]. It may be read by several goroutines at once, but not while it is changed.
type Hosts struct {
	lines []string         // with their ends; "" for one that was removed
	index map[string][]int // the lines of a name, all with one address

	version uint64
}

// ReadHosts reads a hosts file under the rules of [ParseHosts]. If skip is nil, an invalid line fails the whole file.
// Otherwise skip is called with each invalid line, and each line that gives a name another address than the first;
// the line is omitted if skip returns nil, otherwise the file fails with that error. An error of r always fails it.
func ReadHosts(r io.Reader, skip func(*HostsError) error) (*Hosts, error) {
	return readHosts(r, dropLines(skip))
}

// badLine decides about a line that is wrong: it is kept as text, or left out, or its
// error fails the whole.
type badLine func(error) (keep bool, err error)

func dropLines(skip func(*HostsError) error) badLine {
	return func(err error) (bool, error) { return false, skipLine(err, skip) }
}

// keepLines keeps all that can be kept.
func keepLines(err error) (bool, error) {
	var bad *HostsError
	if errors.As(err, &bad) && !bad.Read && bad.Err != bufio.ErrTooLong {
		err = nil
	}
	return true, err
}

func readHosts(r io.Reader, bad badLine) (*Hosts, error) {
	h := new(Hosts)
	for line, err := range HostsLines(r) {
		if err == nil && line.Name != "" {
			if at := h.index[line.Name]; len(at) > 0 && !h.address(at[0]).Same(line.Address) {
				err = twice(line.Number, at[0]+1)
			}
		}
		if err != nil {
			keep, err := bad(err)
			if err != nil {
				return nil, err
			}
			line.Name = ""
			if !keep {
				line.raw = "" // an empty one keeps the numbers
			}
		}
		h.append(line.Name, line.raw)
	}
	return h, nil
}

func skipLine(err error, skip func(*HostsError) error) error {
	var bad *HostsError
	if skip == nil || !errors.As(err, &bad) || bad.Read {
		return err
	}
	return skip(bad)
}

func (h *Hosts) append(name, raw string) {
	if name != "" {
		if h.index == nil {
			h.index = make(map[string][]int)
		}
		h.index[name] = append(h.index[name], len(h.lines))
	}
	h.lines = append(h.lines, raw)
	h.version++
}

// address reads a line that has been read before.
func (h *Hosts) address(at int) Address {
	_, a, _ := parseEntry(strings.TrimPrefix(trimEnd(h.lines[at]), "\ufeff"))
	return a
}

// Len returns the number of names.
func (h *Hosts) Len() int { return len(h.index) }

// Format prints the number of names alone, whatever the verb.
func (h *Hosts) Format(w fmt.State, _ rune) { fmt.Fprintf(w, "addrbook.Hosts(%d names)", h.Len()) }

// Lookup implements [Source]. It does not block.
func (h *Hosts) Lookup(_ context.Context, name string) (Address, error) {
	name, err := canonical(name)
	if err != nil {
		return Address{}, err
	}
	at := h.index[name]
	if len(at) == 0 {
		return Address{}, ErrNotFound
	}
	return h.address(at[0]), nil
}

// All yields the names and their addresses in the order of the file, which must not be changed meanwhile.
func (h *Hosts) All() iter.Seq2[string, Address] {
	return func(yield func(string, Address) bool) {
		for i, raw := range h.lines {
			name, a, err := parseEntry(strings.TrimPrefix(trimEnd(raw), "\ufeff"))
			if err == nil && name != "" && h.index[name][0] == i && !yield(name, a) {
				return
			}
		}
	}
}

// Version implements [Lister].
func (h *Hosts) Version() uint64 { return h.version }

// Vouches implements [Voucher]: only the program can change it.
func (h *Hosts) Vouches(string, Address) bool { return true }

// Records yields the entries with their properties, and the commands, in the order of the file. For malformed
// properties it yields the line with an error, and continues.
func (h *Hosts) Records() iter.Seq2[Record, error] {
	return func(yield func(Record, error) bool) {
		for i, raw := range h.lines {
			r, err := ParseRecord(strings.TrimPrefix(trimEnd(raw), "\ufeff"))
			if err != nil {
				err = &HostsError{Line: i + 1, Err: err}
			}
			if (err != nil || r.Name != "" || len(r.Properties) > 0) && !yield(r, err) {
				return
			}
		}
	}
}

// Add appends an entry. It fails with a [*ConflictError] if the name has another address, and does nothing if it has
// the same: see [Address.Same].
func (h *Hosts) Add(name string, a Address) error {
	known, err := h.Lookup(context.Background(), name)
	switch {
	case errors.Is(err, ErrNotFound):
		return h.Set(name, a)
	case err != nil:
		return err
	case !known.Same(a):
		name, _ = canonical(name)
		return &ConflictError{Name: name, Known: known, Offered: a}
	}
	return nil
}

// Set sets the address of a name, replacing any other. The new entry takes the place of the old one, without its
// properties, which belonged to the old destination.
func (h *Hosts) Set(name string, a Address) error {
	name, err := canonical(name)
	if err != nil {
		return err
	}
	if a.IsZero() {
		return keys.ErrMalformed
	}
	at := h.index[name]
	if len(at) == 0 {
		h.endLine()
		h.append(name, name+"="+a.Text()+"\n")
		return nil
	}
	if h.address(at[0]) == a {
		return nil
	}
	for _, i := range at {
		h.lines[i] = ""
	}
	h.lines[at[0]] = name + "=" + a.Text() + "\n"
	h.index[name] = at[:1]
	h.version++
	return nil
}

// endLine ends a last line that has no end.
func (h *Hosts) endLine() {
	for i, raw := range slices.Backward(h.lines) {
		if raw == "" {
			continue
		}
		if !strings.HasSuffix(raw, "\n") {
			h.lines[i] = raw + "\n"
		}
		return
	}
}

// Remove removes the entries of a name. It fails with [ErrNotFound] if there are none.
func (h *Hosts) Remove(name string) error {
	name, err := canonical(name)
	if err != nil {
		return err
	}
	if len(h.index[name]) == 0 {
		return ErrNotFound
	}
	for _, i := range h.index[name] {
		h.lines[i] = ""
	}
	delete(h.index, name)
	h.version++
	return nil
}

// WriteTo writes the file: the bytes that were read, except for changes.
func (h *Hosts) WriteTo(w io.Writer) (n int64, err error) {
	for _, raw := range h.lines {
		m, err := io.WriteString(w, raw)
		n += int64(m)
		if err != nil {
			return n, err
		}
	}
	return n, nil
}

func (h *Hosts) writeTo(w io.Writer) error {
	_, err := h.WriteTo(w)
	return err
}

// check reads a file that must say the same, strictly.
func (h *Hosts) check(r io.Reader) error {
	back, err := ReadHosts(r, nil)
	return h.compare(back, err)
}

// checkKept is check for a file that may have lines which are wrong.
func (h *Hosts) checkKept(r io.Reader) error {
	back, err := readHosts(r, keepLines)
	return h.compare(back, err)
}

func (h *Hosts) compare(back *Hosts, err error) error {
	if err == nil && !maps.EqualFunc(back.index, h.index, func(a, b []int) bool { return len(a) == len(b) }) {
		err = errReadBack
	}
	return err
}

func (h *Hosts) clone() *Hosts {
	c := &Hosts{lines: slices.Clone(h.lines), index: make(map[string][]int, len(h.index))}
	for name, at := range h.index {
		c.index[name] = slices.Clone(at)
	}
	return c
}
