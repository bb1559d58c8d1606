package keys

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"strings"
	"syscall"
)

// Save implements [Store]. The file is created atomically, with mode 0600 whatever the umask, and is on the disk when
// Save returns. The zero Identity is [ErrMalformed]. The file system must support hard links, by which an existing
// file is never replaced.
func (d *Dir) Save(ctx context.Context, name string, id Identity) error {
	return d.change(ctx, "save", name, func() error {
		if id.IsZero() {
			return ErrMalformed
		}
		if err := d.free(name + keySuffix); err != nil {
			return err
		}
		data, err := sealFile(ctx, d.sealer, name, id, "")
		if err != nil {
			return err
		}
		return d.altering(map[string]sum{name + keySuffix: sumOf(data)}, func() error {
			return d.put(name+keySuffix, data)
		})
	})
}

// put makes a new file in place of none.
func (d *Dir) put(file string, data []byte) error {
	temp, err := d.writeTemp(data)
	if err != nil {
		return err
	}
	if err := d.files.Link(temp, file); err != nil {
		return err
	}
	if err := d.files.Remove(temp); err != nil {
		return err
	}
	return d.sync()
}

// Delete implements [Store]. A file that is not private is [ErrPermissions] and is kept. In an encrypted directory it
// also removes a file that is [ErrAltered], and forgets one that is missing.
func (d *Dir) Delete(ctx context.Context, name string) error {
	file := name + keySuffix
	return d.change(ctx, "delete", name, func() error {
		_, err := d.check(file)
		gone := errors.Is(d.missing(file, err), ErrAltered)
		if err != nil && !gone {
			return err
		}
		return d.altering(map[string]sum{file: ""}, func() error {
			if gone {
				return nil
			}
			if err := d.files.Remove(file); err != nil {
				return err
			}
			return d.sync()
		})
	})
}

func (d *Dir) writeTemp(data []byte) (string, error) {
	temp := tempPrefix + rand.Text()
	return temp, d.writeNew(temp, data)
}

// writeNew writes a file that must not exist yet, and leaves none on failure.
func (d *Dir) writeNew(file string, data []byte) (err error) {
	f, err := d.files.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			d.files.Remove(file)
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Chmod(0o600); err != nil { // the umask may have taken bits away
		return err
	}
	return f.Sync()
}

// sync makes the directory's entries last. Some file systems cannot, and need not.
func (d *Dir) sync() error {
	if !syncsDirectories {
		return nil
	}
	f, err := d.files.OpenFile(".", os.O_RDONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return flushed(f.Sync())
}

// flushed is the error of flushing a directory, which some file systems do not know.
func flushed(err error) error {
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		return nil
	}
	return err
}

// tidy ends, one way or the other, a change that has failed.
func (d *Dir) tidy() error {
	if !d.littered {
		return nil
	}
	err := d.sweep()
	if err == nil {
		err = d.readIndex()
	}
	d.littered = err != nil
	return err
}

// sweep removes what a crash or a failed change left behind: a temporary file holds a secret that
// nobody uses, or is a second link to one that is in place; a retired identity
// that is the same file as the one in use was not yet retired.
func (d *Dir) sweep() error {
	entries, err := d.files.ReadDir()
	if err != nil {
		return err
	}
	for _, e := range entries {
		if !e.Type().IsRegular() {
			continue
		}
		if stale, err := d.isStale(e.Name()); err != nil {
			return err
		} else if stale {
			if err := d.files.Remove(e.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (d *Dir) isStale(file string) (bool, error) {
	if strings.HasPrefix(file, tempPrefix) {
		return true, nil
	}
	name, _, ok := parseRetired(file)
	if !ok {
		return false, nil
	}
	if inUse, err := d.exists(name + keySuffix); err != nil || !inUse {
		return false, err
	}
	retired, err := d.files.Lstat(file)
	if err != nil {
		return false, err
	}
	current, err := d.files.Lstat(name + keySuffix)
	if err != nil {
		return false, err
	}
	return os.SameFile(retired, current), nil
}
