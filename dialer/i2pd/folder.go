package i2pd

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// folder is a data folder that this Router holds, by a lock that no child gets. A child has a lock of its own, as long
// as it lives: what is locked by nobody's Router and has a child was left by an earlier host.
type folder struct {
	path      string
	lock      *os.File // nil where files cannot be locked
	temporary bool
}

const (
	hostLock  = "host.lock"
	childLock = "child.lock"
)

// errLocked is what lockFile returns for a file that is locked already.
var errLocked = errors.New("locked")

// openFolder makes the folder if need be, checks that it is private, and locks it. An empty path
// means a temporary one.
func openFolder(path string) (f *folder, err error) {
	f = &folder{temporary: path == ""}
	if f.temporary {
		f.path, err = os.MkdirTemp("", "i2pd-")
	} else if f.path, err = filepath.Abs(path); err == nil {
		err = os.MkdirAll(f.path, 0o700)
	}
	if err == nil {
		err = checkPrivate(f.path)
	}
	if err == nil {
		f.lock, err = lockFile(filepath.Join(f.path, hostLock))
	}
	switch {
	case errors.Is(err, errLocked):
		return nil, ErrInUse
	case err != nil:
		return nil, errors.Join(fmt.Errorf("%w: %w", ErrDir, err), f.close())
	}
	return f, nil
}

// lockChild makes the lock for a child. It fails with ErrInUse as long as there is one.
func (f *folder) lockChild() (*os.File, error) {
	lock, err := lockFile(filepath.Join(f.path, childLock))
	switch {
	case errors.Is(err, errLocked):
		return nil, ErrInUse
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrDir, err)
	}
	return lock, nil
}

// checkPrivate fails for what is not a folder, is open to others, or belongs to another user.
func checkPrivate(path string) error {
	fi, err := os.Lstat(path)
	if err != nil {
		return err
	}
	if !fi.IsDir() {
		return &fs.PathError{Op: "open", Path: path, Err: errors.New("not a folder")}
	}
	if runtime.GOOS != "windows" && fi.Mode().Perm()&0o077 != 0 {
		return &fs.PathError{Op: "open", Path: path, Err: fmt.Errorf("mode %#o is open to others, want 0700", fi.Mode().Perm())}
	}
	if !ownFile(fi) {
		return &fs.PathError{Op: "open", Path: path, Err: errors.New("belongs to another user")}
	}
	return nil
}

// countPeers counts the routers that i2pd has written into its data folder, some thousands in some dozens
// of folders.
func countPeers(path string) (n int) {
	path = filepath.Join(path, "netDb")
	shelves, _ := os.ReadDir(path)
	for _, shelf := range shelves {
		dir, err := os.Open(filepath.Join(path, shelf.Name()))
		if err != nil {
			continue
		}
		names, _ := dir.Readdirnames(-1)
		dir.Close()
		for _, name := range names {
			if strings.HasPrefix(name, "routerInfo-") && strings.HasSuffix(name, ".dat") {
				n++
			}
		}
	}
	return n
}

func (f *folder) close() error {
	var errs []error
	if f.temporary && f.path != "" {
		errs = append(errs, os.RemoveAll(f.path))
	}
	if f.lock != nil {
		errs = append(errs, unlock(f.lock))
	}
	return errors.Join(errs...)
}
