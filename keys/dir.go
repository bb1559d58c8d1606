package keys

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/gofrs/flock"
)

const (
	keySuffix  = ".key"
	tempPrefix = ".new-"
	lockName   = ".lock"
	maxKeyFile = 64 << 10
)

// Dir is a [Store] in a directory of its own: one file NAME.key for each
// identity, with the base64 text of [Identity.Reveal] and a newline, unencrypted.
// It is safe for concurrent use, and one Dir at a time may have a directory open.
//
// On Unix the directory and its files must belong to the user of the process
// and be closed to group and others. Elsewhere the protection is that of the
// place: on Windows, keep the directory inside the user's profile.
type Dir struct {
	root *os.Root
	lock *flock.Flock
}

var _ Store = (*Dir)(nil)

// OpenDir opens the directory at path and takes its lock, creating it with mode
// 0700 if it is missing. It changes no mode and no owner: a directory that is
// unsafe, or path being a symbolic link, is [ErrPermissions]. A directory that
// another Dir has open, in this process or another, is [ErrLocked]. The lock
// ends with [Dir.Close] or with the process.
func OpenDir(path string) (*Dir, error) {
	d, err := openDir(path)
	if err != nil {
		return nil, &StoreError{Op: "open", Err: err}
	}
	return d, nil
}

func openDir(path string) (_ *Dir, err error) {
	if err := os.MkdirAll(path, 0o700); err != nil {
		return nil, err
	}
	path = filepath.Clean(path) // with a slash at its end, Lstat would follow a link
	named, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, err
	}
	d := &Dir{root: root, lock: flock.New(filepath.Join(path, lockName))}
	defer func() {
		if err != nil {
			d.Close()
		}
	}()
	opened, err := root.Stat(".")
	if err != nil {
		return nil, err
	}
	if !named.IsDir() || !os.SameFile(named, opened) {
		return nil, fmt.Errorf("%w: a symbolic link", ErrPermissions)
	}
	if err := checkPrivate(opened); err != nil {
		return nil, err
	}
	if err := d.acquire(); err != nil {
		return nil, err
	}
	return d, d.sweep()
}

// acquire takes the lock by path, as the library wants it, and then makes sure
// that it is a file of the directory that was checked.
func (d *Dir) acquire() error {
	if fi, err := d.root.Lstat(lockName); err == nil && !fi.Mode().IsRegular() {
		return fmt.Errorf("%w: the lock is not a regular file", ErrPermissions)
	}
	ok, err := d.lock.TryLock()
	if err != nil {
		return err
	}
	if !ok {
		return ErrLocked
	}
	locked, err := d.lock.Stat()
	if err != nil {
		return err
	}
	inRoot, err := d.root.Lstat(lockName)
	if err != nil {
		return err
	}
	if !os.SameFile(locked, inRoot) {
		return fmt.Errorf("%w: the directory was replaced", ErrPermissions)
	}
	return nil
}

// sweep removes what a crash during Save left behind: it holds a secret that
// nobody uses, or a second link to one that is in place.
func (d *Dir) sweep() error {
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return err
	}
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), tempPrefix) && e.Type().IsRegular() {
			if err := d.root.Remove(e.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// Close releases the directory. Operations fail with os.ErrClosed afterwards.
// Closing again does nothing.
func (d *Dir) Close() error {
	return errors.Join(d.root.Close(), d.lock.Close())
}

// Load implements [Store]. A file that is empty or damaged is [ErrMalformed],
// one of a refused kind [ErrUnsupported], one that others may read or write
// [ErrPermissions]; it stays as it is.
func (d *Dir) Load(ctx context.Context, name string) (Identity, error) {
	if err := begin(ctx, "load", name); err != nil {
		return Identity{}, err
	}
	id, err := d.load(name + keySuffix)
	if err != nil {
		return Identity{}, &StoreError{Op: "load", Name: name, Err: err}
	}
	return id, nil
}

func (d *Dir) load(file string) (Identity, error) {
	// Before opening: that would block on a named pipe and follow a link.
	named, err := d.root.Lstat(file)
	if err != nil {
		return Identity{}, err
	}
	if !named.Mode().IsRegular() {
		return Identity{}, fmt.Errorf("%w: not a regular file", ErrPermissions)
	}
	f, err := d.root.Open(file)
	if err != nil {
		return Identity{}, err
	}
	defer f.Close()
	opened, err := f.Stat()
	if err != nil {
		return Identity{}, err
	}
	if !os.SameFile(named, opened) {
		return Identity{}, fmt.Errorf("%w: the file was replaced", ErrPermissions)
	}
	if err := checkPrivate(opened); err != nil {
		return Identity{}, err
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return Identity{}, err
	}
	if len(text) == 0 || len(text) > maxKeyFile {
		return Identity{}, fmt.Errorf("%w: size of the file", ErrMalformed)
	}
	return identityFromText(strings.TrimSuffix(string(text), "\n"))
}

// Delete implements [Store].
func (d *Dir) Delete(ctx context.Context, name string) error {
	if err := begin(ctx, "delete", name); err != nil {
		return err
	}
	err := d.root.Remove(name + keySuffix)
	if err == nil {
		err = d.sync()
	}
	if err != nil {
		return &StoreError{Op: "delete", Name: name, Err: err}
	}
	return nil
}

// Names implements [Store]. Files that are not of the form NAME.key are passed over.
func (d *Dir) Names(ctx context.Context) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, &StoreError{Op: "names", Err: err}
	}
	entries, err := fs.ReadDir(d.root.FS(), ".")
	if err != nil {
		return nil, &StoreError{Op: "names", Err: err}
	}
	var names []string
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), keySuffix); ok && validName(name) {
			names = append(names, name)
		}
	}
	slices.Sort(names) // "a-b.key" sorts before "a.key"
	return names, nil
}
