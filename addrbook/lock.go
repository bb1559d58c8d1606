package addrbook

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

const (
	lockSuffix = ".lock"
	lockTime   = 20 * time.Second // of waiting; a change takes milliseconds
	lockRetry  = 5 * time.Millisecond
)

// lockPath waits until nobody else changes a file, in this program or another, for
// lockTime at most. It sweeps what a crash has left.
//
// The lock is on a file beside, which stays. It is made after the file itself, which
// content is for, and so tells that the file has been there: see [openKept]. read tells
// so too.
func lockPath(ctx context.Context, path string, content []byte, read bool) (unlock func(), err error) {
	if err := beginLocking(path, content, read); err != nil {
		return nil, err
	}
	wait, cancel := context.WithTimeoutCause(ctx, lockTime, ErrLocked)
	defer cancel()
	lock := flock.New(path+lockSuffix, flock.SetPermissions(0o600))
	if _, err := lock.TryLockContext(wait, lockRetry); err != nil {
		if cause := context.Cause(wait); cause != nil {
			err = cause
		}
		return nil, fmt.Errorf("addrbook: lock: %w", err)
	}
	unlock = func() { lock.Close() }
	if err := sweep(path); err != nil {
		unlock()
		return nil, err
	}
	return unlock, nil
}

// beginLocking makes a file where there is neither one nor its lock.
func beginLocking(path string, content []byte, read bool) error {
	if _, err := os.Lstat(path + lockSuffix); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if read {
		return gone(path)
	}
	temp := tempPrefix(path) + rand.Text()
	defer os.Remove(temp)
	err := createFile(temp, content)
	if err == nil {
		if err = os.Link(temp, path); err != nil && !errors.Is(err, fs.ErrExist) {
			err = createFile(path, content) // on a file system without links
		}
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func createFile(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		os.Remove(path) // half a file would be read as a damaged one
	}
	return err
}

// openKept opens a file of at most max bytes, if that is not 0. It returns nil for one
// that is not there and never was. One that was is [ErrGone]: it was read before, or
// there is its lock.
func openKept(path string, max int64, read bool) (*os.File, error) {
	for locked := false; ; locked = true {
		f, err := openRegular(path, max)
		if err == nil || !errors.Is(err, fs.ErrNotExist) {
			return f, err
		}
		if locked || read {
			return nil, gone(path)
		}
		_, err = os.Lstat(path + lockSuffix)
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		// Or somebody has just made both: where there is a lock, there is a file.
	}
}

func gone(path string) error { return &fs.PathError{Op: "read", Path: path, Err: ErrGone} }

// stamp tells whether a file has been changed; nil is that of one that is not there.
// Changes put another file in its place.
type stamp = fs.FileInfo

func sameStamp(a, b stamp) bool {
	if a == nil || b == nil {
		return a == nil && b == nil
	}
	return os.SameFile(a, b) && a.Size() == b.Size() && a.ModTime().Equal(b.ModTime())
}

// stampOf returns the stamp of what stands at a path.
func stampOf(path string) (stamp, error) {
	fi, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return fi, err
}
