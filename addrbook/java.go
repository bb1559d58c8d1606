package addrbook

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// JavaBooks are the three hosts files of a Java router, in the order in which it uses them. A nil one does not exist.
type JavaBooks struct {
	Private *Hosts // privatehosts.txt, never published
	User    *Hosts // userhosts.txt, published if the user wants it
	Router  *Hosts // hosts.txt, which its subscriptions fill
}

type javaFile struct {
	name  string
	hosts **Hosts
}

func (b *JavaBooks) files() []javaFile {
	return []javaFile{{"privatehosts.txt", &b.Private}, {"userhosts.txt", &b.User}, {"hosts.txt", &b.Router}}
}

// ReadJava reads the hosts files in a Java router's directory, such as os.DirFS("/var/lib/i2p/i2p-config"). It does
// not read hostsdb.blockfile, which newer routers use too. skip is as for [ReadHosts].
func ReadJava(dir fs.FS, skip func(file string, err *HostsError) error) (JavaBooks, error) {
	var b JavaBooks
	for _, file := range b.files() {
		h, err := readJavaFile(dir, file.name, dropLines(forFile(file.name, skip)))
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err != nil {
			return JavaBooks{}, err
		}
		*file.hosts = h
	}
	return b, nil
}

func readJavaFile(dir fs.FS, name string, bad badLine) (*Hosts, error) {
	f, err := dir.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h, err := readHosts(f, bad)
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

// Merge prepares to add the entries of the books that are not nil to the hosts files in a directory. Names that one
// of these files contains keep their address, and all lines are preserved. These files cannot contain base32 names,
// which are skipped. It fails with [ErrEmpty] if there is nothing to add, and if the directory does not exist.
func (b JavaBooks) Merge(dir string) (*Merge, error) {
	if err := isRouterDir(dir); err != nil {
		return nil, err
	}
	old := new(JavaBooks)
	known := make(map[string]Address)
	for _, file := range old.files() {
		h, err := readJavaFile(os.DirFS(dir), file.name, keepLines)
		if errors.Is(err, fs.ErrNotExist) {
			h, err = new(Hosts), nil
		}
		if err != nil {
			return nil, err
		}
		*file.hosts = h
		for name, a := range h.All() {
			if known[name].IsZero() {
				known[name] = a
			}
		}
	}
	m := new(Merge)
	for i, file := range b.files() {
		if *file.hosts != nil {
			if err := m.mergeJava(filepath.Join(dir, file.name), *old.files()[i].hosts, *file.hosts, known); err != nil {
				return nil, err
			}
		}
	}
	return m, m.checkEmpty()
}

func (m *Merge) mergeJava(path string, into, from *Hosts, known map[string]Address) error {
	had := into.Len()
	for name, a := range from.All() {
		if _, ok := a.Destination(); !ok {
			m.Skipped = append(m.Skipped, name)
		} else if m.isNew(name, a, known) {
			if err := into.Set(name, a); err != nil {
				return err
			}
		}
	}
	if into.Len() == had {
		return nil
	}
	return m.replace(path, into.writeTo, into.checkKept)
}
