package keys

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
)

// Names of files beside the keys; those that start with a dot are no names of identities.
const (
	keySuffix     = ".key"
	retiredSuffix = ".old"
	tempPrefix    = ".new-"
	lockName      = ".lock"
	indexName     = ".index"
	maxKeyFile    = 64 << 10
	maxIndex      = 64 << 20
)

// Dir is a [Store] and [Archive] in a directory of its own: a file NAME.key for each identity, with the base64 text
// of [Identity.Reveal] and a newline, then "# ", the label and a newline if it has one, plain or encrypted by a
// [Sealer]; NAME.TIME.old for a retired one.
//
// In an encrypted directory each identity is bound to its name, and an index lists the files and their contents. A
// file that somebody else has swapped, renamed, restored from an earlier time, added or removed is [ErrAltered]; if
// the index was, all operations fail so: see [Dir.Adopt]. It cannot be detected that the directory was replaced by an
// earlier copy including the index, or emptied, nor, if the Sealer uses public keys, what somebody who knows these
// has added.
//
// It is safe for concurrent use, and only one Dir at a time can have a directory open. Operations run one at a time;
// waiting ends with the context.
//
// On Unix the directory and its files must belong to the user of the process and be inaccessible to group and others.
// On other systems the location must protect them: on Windows, keep the directory inside the user's profile. Removed
// and replaced files are not overwritten on the disk.
type Dir struct {
	files  files
	lock   *flock.Flock
	turn   chan struct{} // holds a value while an operation runs
	sealer Sealer        // nil: plain files
	index  *index        // nil: plain files

	trusting bool // files are taken as they are, in the form of former versions too

	littered bool // a change may have failed and left files that sweep removes

	// Set when a Reseal may have been decided but not carried out.
	unsettled bool
	next      Sealer
	nextIndex *index
}

// OpenDir opens and locks the directory at path, and creates it with mode 0700 if it is missing. It changes no mode
// and no owner: an unsafe directory, or a symbolic link, is [ErrPermissions]. If another Dir has it open, in this or
// another process, the error is [ErrLocked]; if it is encrypted, [ErrSealed]. The lock ends with [Dir.Close] or with
// the process.
func OpenDir(path string) (*Dir, error) {
	return openDir(context.Background(), path, nil)
}

// OpenSealedDir is [OpenDir] for an encrypted directory. An empty directory becomes an encrypted one. For one with
// plain files the error is [ErrNotSealed]: open it with OpenDir and encrypt it with [Dir.Reseal]. If s is not the
// Sealer of the directory the error is [ErrPassphrase], so that nothing is saved with a mistyped passphrase.
//
// A directory of an earlier version, whose files are not bound to their names, is converted first, as by Reseal and
// atomically. Unreadable files are left alone. In older copies of the directory files can still be swapped, so do not
// keep them.
func OpenSealedDir(ctx context.Context, path string, s Sealer) (*Dir, error) {
	if s == nil {
		return nil, &StoreError{Op: "open", Err: fmt.Errorf("%w: no Sealer", ErrPassphrase)}
	}
	return openDir(ctx, path, s)
}

func openDir(ctx context.Context, path string, s Sealer) (*Dir, error) {
	d, err := lockDir(path)
	if err != nil {
		return nil, &StoreError{Op: "open", Err: at(path, err)}
	}
	if err := d.start(ctx, s); err != nil {
		d.Close()
		return nil, &StoreError{Op: "open", Err: at(path, err)}
	}
	return d, nil
}

// at adds the path to an error that does not name one.
func at(path string, err error) error {
	if _, ok := errors.AsType[*fs.PathError](err); ok {
		return err
	}
	return fmt.Errorf("%s: %w", path, err)
}

// lockDir opens, checks and locks, and looks at nothing inside.
func lockDir(path string) (_ *Dir, err error) {
	if err := makeAll(path); err != nil {
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
	d := &Dir{files: rootFiles{root}, lock: flock.New(filepath.Join(path, lockName)), turn: make(chan struct{}, 1)}
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
	return d, d.acquire()
}

// acquire takes the lock by path, as the library wants it, and then makes sure
// that it is a file of the directory that was checked.
func (d *Dir) acquire() error {
	if fi, err := d.files.Lstat(lockName); err == nil && !fi.Mode().IsRegular() {
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
	inRoot, err := d.files.Lstat(lockName)
	if err != nil {
		return err
	}
	if !os.SameFile(locked, inRoot) {
		return fmt.Errorf("%w: the directory was replaced", ErrPermissions)
	}
	return nil
}

// start ends what a crash interrupted, and then finds out whether s is right.
func (d *Dir) start(ctx context.Context, s Sealer) error {
	if _, err := d.settle(); err != nil {
		return err
	}
	if err := d.sweep(); err != nil {
		return err
	}
	d.sealer = s
	return d.checkSealer(ctx)
}

// Close releases the directory, after the operation in progress. Later operations fail with os.ErrClosed. A second
// call does nothing.
func (d *Dir) Close() error {
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	return errors.Join(d.files.Close(), d.lock.Close())
}
