package keys

import (
	"context"
	"errors"
	"io/fs"
)

// change is do for operations that write. It leaves nothing behind if f fails, and
// where the disk forbids even that, the next operation does it.
func (d *Dir) change(ctx context.Context, op, name string, f func() error) error {
	return d.do(ctx, op, name, func() error {
		if err := d.tidy(); err != nil {
			return err
		}
		err := f()
		if err != nil {
			d.littered = true
			d.tidy()
		}
		return err
	})
}

// do runs an operation on a named identity when its turn has come.
func (d *Dir) do(ctx context.Context, op, name string, f func() error) error {
	if !ValidName(name) {
		return &StoreError{Op: op, Err: ErrName}
	}
	return d.doAll(ctx, op, name, f)
}

// doAll is do for operations that may be about no name.
func (d *Dir) doAll(ctx context.Context, op, name string, f func() error) error {
	err := ctx.Err()
	if err == nil {
		select {
		case d.turn <- struct{}{}:
			defer func() { <-d.turn }()
			if err = d.ready(); err == nil {
				d.tidy() // reading can do without
				err = f()
			}
		case <-ctx.Done():
			err = ctx.Err()
		}
	}
	if err != nil {
		return &StoreError{Op: op, Name: name, Err: err}
	}
	return nil
}

// free makes sure that there is nothing called file, and is to be nothing.
func (d *Dir) free(file string) error {
	taken, err := d.exists(file)
	switch {
	case err != nil:
		return err
	case taken:
		return fs.ErrExist
	}
	if err := d.missing(file, fs.ErrNotExist); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// exists reports whether there is anything called file.
func (d *Dir) exists(file string) (bool, error) {
	_, err := d.files.Lstat(file)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
