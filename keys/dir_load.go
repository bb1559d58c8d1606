package keys

import (
	"context"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// Load implements [Store]. A file that is empty or damaged is [ErrMalformed],
// one of a refused kind [ErrUnsupported], one that others may read or write
// [ErrPermissions], a plain one in an encrypted store [ErrNotSealed]; it stays
// as it is.
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
		return Identity{}, "", err
	}
	text, err := unseal(ctx, d.sealer, raw)
	if err != nil {
		return Identity{}, "", err
	}
	return parseFileText(text)
}

func (d *Dir) read(file string) ([]byte, error) {
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
	raw, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, err
	}
	if len(raw) == 0 || len(raw) > maxKeyFile {
		return nil, fmt.Errorf("%w: size of the file", ErrMalformed)
	}
	return raw, nil
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

// Names implements [Store]. Files that are not of the form NAME.key are passed over.
func (d *Dir) Names(ctx context.Context) (names []string, err error) {
	err = d.doAll(ctx, "names", "", func() error {
		entries, err := d.files.ReadDir()
		if err != nil {
			return err
		}
		for _, e := range entries {
			if name, ok := strings.CutSuffix(e.Name(), keySuffix); ok && ValidName(name) {
				names = append(names, name)
			}
		}
		return nil
	})
	slices.Sort(names) // "a-b.key" sorts before "a.key"
	return names, err
}
