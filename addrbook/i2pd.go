package addrbook

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

// The address book in the data directory of i2pd: two tables of names and base32
// names, and a file for each destination that it has met.
const (
	i2pdDir    = "addressbook"
	i2pdNames  = i2pdDir + "/addresses.csv"
	i2pdLocal  = i2pdDir + "/local.csv"
	b32Suffix  = ".b32.i2p"
	maxB32File = 4 << 10
)

var errNoTable = errors.New("not of the form name,base32")

// ReadI2PD reads the address book in i2pd's data directory, such as os.DirFS("/var/lib/i2pd"): its own names, then
// those in local.csv. A name whose destination i2pd does not have is returned with its base32 name, plain or
// encrypted. skip is as for [ReadHosts].
func ReadI2PD(dir fs.FS, skip func(file string, err *HostsError) error) (*Hosts, error) {
	h := new(Hosts)
	for _, name := range []string{i2pdNames, i2pdLocal} {
		f, err := dir.Open(name)
		if errors.Is(err, fs.ErrNotExist) && name == i2pdLocal {
			continue
		}
		if err != nil {
			return nil, err
		}
		err = readTable(f, forFile(name, skip), func(name string, a Address) error {
			a, err := findI2PD(dir, a)
			if err != nil {
				return err
			}
			return h.Add(name, a)
		})
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return h, nil
}

// readTable gives add what is in a table. A line that is wrong, also for add, goes to
// skip, or fails the whole if that is nil.
func readTable(r io.Reader, skip func(*HostsError) error, add func(string, Address) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	for n := 1; lines.Scan(); n++ {
		if lines.Text() == "" {
			continue
		}
		name, a, err := parseTableLine(lines.Text())
		if err == nil {
			err = add(name, a)
		}
		if err != nil {
			if err = skipLine(&HostsError{Line: n, Err: err}, skip); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

// parseTableLine reads a line "name,base32", where the suffix of the base32 name is
// left out.
func parseTableLine(line string) (string, Address, error) {
	name, label, ok := strings.Cut(line, ",")
	if !ok {
		return "", Address{}, errNoTable
	}
	name, err := canonical(name)
	if err != nil {
		return "", Address{}, err
	}
	a, err := ParseAddress(label + b32Suffix)
	return name, a, err
}

func tableLine(name string, a Address) string { return name + "," + tableLabel(a) + "\n" }

func tableLabel(a Address) string { return strings.TrimSuffix(a.Base32(), b32Suffix) }

// fileI2PD is where i2pd keeps a destination, beneath its data directory.
func fileI2PD(label string) string { return path.Join(i2pdDir, "b"+label[:1], label+".b32") }

// findI2PD puts the destination of a base32 name in its place, if i2pd has it.
func findI2PD(dir fs.FS, a Address) (Address, error) {
	if a.host.Kind() != i2phost.Base32 {
		return a, nil
	}
	f, err := dir.Open(fileI2PD(tableLabel(a)))
	if errors.Is(err, fs.ErrNotExist) {
		return a, nil
	}
	if err != nil {
		return a, err
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxB32File))
	if err != nil {
		return a, err
	}
	d, err := keys.DestinationFromBytes(b)
	if err == nil && !a.Same(AddressOf(d)) {
		err = fmt.Errorf("%w: not the destination of its name", keys.ErrMalformed)
	}
	return AddressOf(d), err
}

// MergeI2PD prepares to add names to the address book in i2pd's data directory. Names in its tables keep their
// address, and all lines are preserved. Destinations are written first, so that i2pd need not look them up. It fails
// with [ErrEmpty] if there is nothing to add, and if the directory does not exist.
func MergeI2PD(dir string, h *Hosts) (*Merge, error) {
	if err := isRouterDir(dir); err != nil {
		return nil, err
	}
	known := make(map[string]Address)
	var table []byte
	for _, name := range []string{i2pdLocal, i2pdNames} {
		b, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		table = b
		err = readTable(bytes.NewReader(b), func(*HostsError) error { return nil }, func(name string, a Address) error {
			known[name] = a
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	if len(table) > 0 && !bytes.HasSuffix(table, []byte("\n")) {
		table = append(table, '\n')
	}
	m := new(Merge)
	for name, a := range h.All() {
		if !m.isNew(name, a, known) {
			continue
		}
		table = append(table, tableLine(name, a)...)
		if err := m.destinationI2PD(dir, a); err != nil {
			return nil, err
		}
	}
	if len(m.Added) == 0 {
		return m, m.checkEmpty()
	}
	return m, m.replace(filepath.Join(dir, filepath.FromSlash(i2pdNames)), bytesOf(table), func(r io.Reader) error { return checkTable(r, h, m.Added) })
}

// destinationI2PD adds the file of a destination, if it is known here and not there.
func (m *Merge) destinationI2PD(dir string, a Address) error {
	d, ok := a.Destination()
	if !ok {
		return nil
	}
	name := fileI2PD(tableLabel(a))
	if there, err := findI2PD(os.DirFS(dir), a.hashed()); err == nil && there == a {
		return nil
	}
	return m.replace(filepath.Join(dir, filepath.FromSlash(name)), bytesOf(d.Bytes()), func(r io.Reader) error {
		b, err := io.ReadAll(r)
		if err == nil {
			_, err = keys.DestinationFromBytes(b)
		}
		return err
	})
}

func bytesOf(b []byte) func(io.Writer) error {
	return func(w io.Writer) error { _, err := w.Write(b); return err }
}

// checkTable looks for what was added.
func checkTable(r io.Reader, h *Hosts, added []string) error {
	found := make(map[string]Address)
	err := readTable(r, func(*HostsError) error { return nil }, func(name string, a Address) error {
		found[name] = a
		return nil
	})
	if err != nil {
		return err
	}
	for _, name := range added {
		if a := h.address(h.index[name][0]); !a.Same(found[name]) {
			return errReadBack
		}
	}
	return nil
}
