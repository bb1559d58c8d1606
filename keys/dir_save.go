package keys

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"syscall"
)

// Save implements [Store]. The file appears whole, with mode 0600 whatever the
// umask, and is on the disk when Save returns. The zero Identity is
// [ErrMalformed]. The file system must know hard links, which are how a file is
// put in place without ever replacing another.
func (d *Dir) Save(ctx context.Context, name string, id Identity) error {
	if err := begin(ctx, "save", name); err != nil {
		return err
	}
	err := ErrMalformed
	if !id.IsZero() {
		err = d.save(name+keySuffix, id.Reveal()+"\n")
	}
	if err != nil {
		return &StoreError{Op: "save", Name: name, Err: err}
	}
	return nil
}

func (d *Dir) save(file, text string) (err error) {
	temp := tempPrefix + rand.Text()
	if err := d.writeNew(temp, text); err != nil {
		return err
	}
	err = d.root.Link(temp, file)
	if removeErr := d.root.Remove(temp); err == nil {
		err = removeErr
	}
	if err != nil {
		return err
	}
	return d.sync()
}

// writeNew writes a file that must not exist yet, and leaves none on failure.
func (d *Dir) writeNew(file, text string) (err error) {
	f, err := d.root.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := f.Close(); err == nil {
			err = closeErr
		}
		if err != nil {
			d.root.Remove(file)
		}
	}()
	if _, err := f.WriteString(text); err != nil {
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
	f, err := d.root.Open(".")
	if err != nil {
		return err
	}
	defer f.Close()
	err = f.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		return nil
	}
	return err
}
