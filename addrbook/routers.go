package addrbook

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

// JavaBooks are the three hosts files of a Java router, in the order in which it
// asks them. One that is nil does not exist.
type JavaBooks struct {
	Private *Hosts // privatehosts.txt, never published
	User    *Hosts // userhosts.txt, published if the user wants it
	Router  *Hosts // hosts.txt, which its subscriptions fill
}

func (b *JavaBooks) files() map[string]**Hosts {
	return map[string]**Hosts{"privatehosts.txt": &b.Private, "userhosts.txt": &b.User, "hosts.txt": &b.Router}
}

// ReadJava reads the hosts files in a Java router's directory, such as
// os.DirFS("/var/lib/i2p/i2p-config"). It does not read hostsdb.blockfile, which
// newer routers fill besides. skip is as for [ReadHosts].
func ReadJava(dir fs.FS, skip func(file string, err *HostsError) error) (JavaBooks, error) {
	var b JavaBooks
	files := b.files()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		h, err := readHostsFile(dir, name, skip)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return JavaBooks{}, err
		}
		*files[name] = h
	}
	return b, nil
}

func readHostsFile(dir fs.FS, name string, skip func(string, *HostsError) error) (*Hosts, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h, err := ReadHosts(f, forFile(name, skip))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return h, nil
}

func forFile(name string, skip func(string, *HostsError) error) func(*HostsError) error {
	if skip == nil {
		return nil
	}
	return func(e *HostsError) error { return skip(name, e) }
}

// Write puts the books that are not nil into a directory, each file in one step.
// The router must not run: it would not notice, and may write its own over them.
func (b JavaBooks) Write(dir string) error {
	for name, h := range b.files() {
		if *h == nil {
			continue
		}
		if err := writeFile(filepath.Join(dir, name), func(w io.Writer) error { _, err := (*h).WriteTo(w); return err }); err != nil {
			return err
		}
	}
	return nil
}

// The address book in the data directory of i2pd: two tables of names and base32
// names, and a file for each destination.
const (
	i2pdDir    = "addressbook"
	i2pdNames  = i2pdDir + "/addresses.csv"
	i2pdLocal  = i2pdDir + "/local.csv"
	b32Suffix  = ".b32.i2p"
	maxB32File = 4 << 10
)

var errNoDestination = errors.New("a name without its destination")

// ReadI2PD reads the address book in i2pd's data directory, such as
// os.DirFS("/var/lib/i2pd"): its own names, then those in local.csv. A name with
// an encrypted base32 name, or whose destination i2pd does not have, is a bad
// line. skip is as for [ReadHosts].
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
		err = readI2PDTable(dir, f, h, forFile(name, skip))
		f.Close()
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
	}
	return h, nil
}

func readI2PDTable(dir fs.FS, r io.Reader, h *Hosts, skip func(*HostsError) error) error {
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() && lines.Err() == nil {
		n++
		if lines.Text() == "" {
			continue
		}
		if err := addI2PD(dir, lines.Text(), h); err != nil {
			if err = skipLine(&HostsError{Line: n, Err: err}, skip); err != nil {
				return err
			}
		}
	}
	return lines.Err()
}

// addI2PD reads a line "name,base32" and the destination that it speaks of.
func addI2PD(dir fs.FS, line string, h *Hosts) error {
	name, label, ok := strings.Cut(line, ",")
	if !ok {
		return errNoName
	}
	host, err := i2phost.Parse(label + b32Suffix)
	if err != nil {
		return err
	}
	hash, ok := host.Hash()
	if !ok {
		return errNoDestination
	}
	label = strings.TrimSuffix(host.String(), b32Suffix)
	f, err := dir.Open(path.Join(i2pdDir, "b"+label[:1], label+".b32"))
	if err != nil {
		return fmt.Errorf("%w: %w", errNoDestination, errors.Unwrap(err))
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxB32File))
	if err != nil {
		return err
	}
	d, err := keys.DestinationFromBytes(b)
	if err != nil {
		return err
	}
	if d.Hash() != hash {
		return fmt.Errorf("%w: not the destination of its name", keys.ErrMalformed)
	}
	return h.Add(name, d)
}

// WriteI2PD puts names into i2pd's data directory, in the place of the names that
// are in its addresses.csv. The destinations come first, so that no name is ever
// without one. i2pd must not run, and must be given the files, whose mode is 0600.
func WriteI2PD(dir string, h *Hosts) error {
	var table strings.Builder
	for name, d := range h.All() {
		label := strings.TrimSuffix(d.Base32(), b32Suffix)
		table.WriteString(name + "," + label + "\n")
		folder := filepath.Join(dir, i2pdDir, "b"+label[:1])
		if err := os.MkdirAll(folder, 0o700); err != nil {
			return err
		}
		if err := writeFile(filepath.Join(folder, label+".b32"), func(w io.Writer) error { _, err := w.Write(d.Bytes()); return err }); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Join(dir, i2pdDir), 0o700); err != nil {
		return err
	}
	return writeFile(filepath.Join(dir, filepath.FromSlash(i2pdNames)), func(w io.Writer) error { _, err := io.WriteString(w, table.String()); return err })
}
