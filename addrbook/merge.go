package addrbook

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
)

// Merge describes the addition of names to a router's address book. [JavaBooks.Merge] or [MergeI2PD] prepare it, its
// fields describe it, and [Merge.Write] carries it out. It must not be used by several goroutines at once.
type Merge struct {
	// Added are the names that the router does not have.
	Added []string

	// Unchanged counts those that it has with the same address.
	Unchanged int

	// Conflicts are those that it has with another address, which stay as they are.
	Conflicts []*ConflictError

	// Skipped are names whose addresses the router's files have no place for.
	Skipped []string

	// Files are those that Write makes or replaces.
	Files []string

	// Backups are what Write has kept of the files that it has replaced.
	Backups []string

	changes []change
}

// change is a file as it is to be, and the stamp of what is to be replaced.
type change struct {
	replacement
	was stamp
}

// isNew sorts a name in, and reports whether it has to be added.
func (m *Merge) isNew(name string, a Address, known map[string]Address) bool {
	old, ok := known[name]
	switch {
	case !ok:
		m.Added = append(m.Added, name)
		known[name] = a
		return true
	case old.Same(a):
		m.Unchanged++
	default:
		m.Conflicts = append(m.Conflicts, &ConflictError{Name: name, Known: old, Offered: a})
	}
	return false
}

// isRouterDir keeps a path that was mistyped from becoming a router's directory.
func isRouterDir(path string) error {
	fi, err := os.Stat(path)
	if err == nil && !fi.IsDir() {
		err = &fs.PathError{Op: "open", Path: path, Err: syscall.ENOTDIR}
	}
	return err
}

func (m *Merge) checkEmpty() error {
	if len(m.Added)+m.Unchanged+len(m.Conflicts)+len(m.Skipped) == 0 {
		return fmt.Errorf("addrbook: %w", ErrEmpty)
	}
	return nil
}

func (m *Merge) replace(path string, write func(io.Writer) error, check func(io.Reader) error) error {
	if slices.Contains(m.Files, path) {
		return nil // the destination of two names
	}
	was, err := stampOf(path)
	if err != nil {
		return err
	}
	m.Files = append(m.Files, path)
	m.changes = append(m.changes, change{replacement{path: path, write: write, check: check}, was})
	return nil
}

// Write carries out the merge, each file atomically. A file that is replaced keeps its owner and mode, and a copy of
// the old one is kept with ".bak" or, if that exists, ".bak2" and so on after its name. A new file or directory gets
// the owner of its parent directory, a file mode 0600. It fails with [ErrChanged] if a file was changed since the
// merge was prepared.
//
// The router must be stopped: it would not notice the change, and might overwrite it.
func (m *Merge) Write() error {
	for _, c := range m.changes {
		if err := m.write(c); err != nil {
			return err
		}
	}
	m.changes = nil
	return nil
}

func (m *Merge) write(c change) error {
	dir, err := makeDir(filepath.Dir(c.path), syncDir)
	if err != nil {
		return err
	}
	if err := sweep(c.path); err != nil {
		return err
	}
	c.like = privateInfo{dir}
	if c.was != nil {
		c.like = c.was
	}
	c.before = func() error {
		now, err := stampOf(c.path)
		if err == nil && !sameStamp(now, c.was) {
			err = &fs.PathError{Op: "write", Path: c.path, Err: ErrChanged}
		}
		if err != nil || now == nil {
			return err
		}
		kept, err := backup(c.path, now)
		m.Backups = append(m.Backups, kept)
		return err
	}
	return writeFile(c.replacement)
}

// privateInfo is the owner of a folder for a file in it.
type privateInfo struct{ fs.FileInfo }

func (privateInfo) Mode() fs.FileMode { return 0o600 }

// makeDir makes a folder and those above it, with the owner and mode of the one that
// they are in, and returns what it is. They last when it returns.
func makeDir(path string, sync func(string) error) (fs.FileInfo, error) {
	fi, err := os.Stat(path)
	if !errors.Is(err, fs.ErrNotExist) || filepath.Dir(path) == path {
		return fi, err
	}
	above, err := makeDir(filepath.Dir(path), sync)
	if err != nil {
		return nil, err
	}
	if err := os.Mkdir(path, 0o700); err != nil {
		return nil, err
	}
	d, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer d.Close()
	if err := takeAfter(d, above); err != nil {
		return nil, err
	}
	if err := sync(filepath.Dir(path)); err != nil {
		return nil, err
	}
	return os.Stat(path)
}

// backup keeps a file under another name, and replaces nothing.
func backup(path string, fi fs.FileInfo) (string, error) {
	for i := 1; ; i++ {
		to := path + ".bak"
		if i > 1 {
			to += fmt.Sprint(i)
		}
		err := os.Link(path, to)
		if err != nil && !errors.Is(err, fs.ErrExist) {
			err = copyFile(path, to, fi) // on a file system without links
		}
		if !errors.Is(err, fs.ErrExist) {
			return to, err
		}
	}
}

func copyFile(path, to string, fi fs.FileInfo) error {
	from, err := openRegular(path, 0)
	if err != nil {
		return err
	}
	defer from.Close()
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(f, from)
	err = errors.Join(err, takeAfter(f, fi), f.Sync())
	return errors.Join(err, f.Close())
}
