package keys

import (
	"context"
	"errors"
	"fmt"
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

// Dir is a [Store] and [Archive] in a directory of its own: one file NAME.key
// for each identity, with the base64 text of [Identity.Reveal] and a newline, then
// "# ", the label and a newline if it has one, plain or through a [Sealer];
// NAME.TIME.old for one that is retired.
//
// In an encrypted directory each identity is sealed with its name, and an index tells which files there are
// and what is in them. A file that was swapped, renamed, put back from an earlier time, added or removed by somebody
// else is [ErrAltered], and so is everything if it is the index: see [Dir.Adopt]. What
// cannot be noticed is a directory that was put back as a whole, index included, or that was emptied as a whole; nor,
// where the Sealer is for public keys, what is put there by somebody who knows them.
//
// It is safe for concurrent use, and one Dir at a time may have a directory open.
// Operations take turns; waiting ends with the context.
//
// On Unix the directory and its files must belong to the user of the process
// and be closed to group and others. Elsewhere the protection is that of the
// place: on Windows, keep the directory inside the user's profile. What is
// removed or replaced is not overwritten; a disk may remember it.
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

// OpenDir opens the directory at path and takes its lock, creating it with mode
// 0700 if it is missing. It changes no mode and no owner: a directory that is
// unsafe, or path being a symbolic link, is [ErrPermissions]. A directory that
// another Dir has open, in this process or another, is [ErrLocked]; one that is
// encrypted is [ErrSealed]. The lock ends with [Dir.Close] or with the process.
func OpenDir(path string) (*Dir, error) {
	return openDir(context.Background(), path, nil)
}

// OpenSealedDir is [OpenDir] for a directory whose files are encrypted. An empty
// directory becomes such a one. One with plain files is [ErrNotSealed]: open it
// with OpenDir and convert it with [Dir.Reseal]. A Sealer that is not the
// directory's is [ErrPassphrase], so that nothing is ever saved under a
// passphrase mistyped.
//
// A directory of a former version, whose files do not know their names, is brought up to date first, as by Reseal:
// wholly or not at all. What cannot be read stays as it is. Copies of the directory from
// before that can still be put back with their files swapped, so do not keep them.
func OpenSealedDir(ctx context.Context, path string, s Sealer) (*Dir, error) {
	if s == nil {
		return nil, &StoreError{Op: "open", Err: fmt.Errorf("%w: no Sealer", ErrPassphrase)}
	}
	return openDir(ctx, path, s)
}

func openDir(ctx context.Context, path string, s Sealer) (*Dir, error) {
	d, err := lockDir(path)
	if err != nil {
		return nil, &StoreError{Op: "open", Err: err}
	}
	if err := d.start(ctx, s); err != nil {
		d.Close()
		return nil, &StoreError{Op: "open", Err: err}
	}
	return d, nil
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

// Close releases the directory, after the operation in progress. Operations
// fail with os.ErrClosed afterwards. Closing again does nothing.
func (d *Dir) Close() error {
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	return errors.Join(d.files.Close(), d.lock.Close())
}
