package keys

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Load implements [Store]. An empty or damaged file is [ErrMalformed], one of a refused kind [ErrUnsupported], one
// that others can read or write [ErrPermissions], a plain one in an encrypted store [ErrNotSealed], and one that the
// encrypted store has not written [ErrAltered]. The file is never changed.
func (d *Dir) Load(ctx context.Context, name string) (id Identity, err error) {
	err = d.do(ctx, "load", name, func() error {
		id, err = d.load(ctx, name+keySuffix)
		return err
	})
	return id, err
}

func (d *Dir) load(ctx context.Context, file string) (Identity, error) {
	id, _, err := d.loadLabelled(ctx, file)
	return id, err
}

func (d *Dir) loadLabelled(ctx context.Context, file string) (Identity, string, error) {
	raw, err := d.read(file)
	if err != nil {
		return Identity{}, "", d.missing(file, err)
	}
	e, _ := entryOf(file)
	if d.sealer == nil {
		return parseSealedText(string(raw), e.Name, true) // it may have been decrypted by hand
	}
	text, err := unseal(ctx, d.sealer, raw)
	if err != nil {
		return Identity{}, "", err
	}
	id, label, err := parseSealedText(text, e.Name, d.trusting)
	if err == nil {
		err = d.known(file, raw)
	}
	if err != nil {
		return Identity{}, "", err
	}
	return id, label, nil
}

func (d *Dir) read(file string) ([]byte, error) { return d.readBytes(file, maxKeyFile) }

func (d *Dir) readBytes(file string, most int) ([]byte, error) {
	named, err := d.check(file) // before opening: that would block on a named pipe and follow a link
	if err != nil {
		return nil, err
	}
	f, err := d.files.OpenFile(file, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	opened, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if !os.SameFile(named, opened) {
		return nil, fmt.Errorf("%w: the file was replaced", ErrPermissions)
	}
	raw, err := io.ReadAll(io.LimitReader(f, int64(most)+1))
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 || len(raw) > most {
		return nil, fmt.Errorf("%w: size of the file", ErrMalformed)
	}
	return raw, nil
}

// checkKnown is check for a file that goes on to be used: it must be one that the store has put there.
func (d *Dir) checkKnown(file string) (fs.FileInfo, error) {
	fi, err := d.check(file)
	if err != nil {
		return nil, d.missing(file, err)
	}
	return fi, d.known(file, nil)
}

// check refuses what is no private file. All operations ask it first, so that
// none follows, moves or removes what it could not have made.
func (d *Dir) check(file string) (fs.FileInfo, error) {
	fi, err := d.files.Lstat(file)
	if err != nil {
		return nil, err
	}
	if !fi.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: not a regular file", ErrPermissions)
	}
	return fi, checkPrivate(fi)
}

// Names implements [Store]. Other files than NAME.key are ignored.
func (d *Dir) Names(ctx context.Context) (names []string, err error) {
	err = d.doAll(ctx, "names", "", func() error {
		list, err := d.list()
		for _, e := range list {
			if e.Retired.IsZero() {
				names = append(names, e.Name)
			}
		}
		return err
	})
	return names, err
}
