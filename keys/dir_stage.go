package keys

import (
	"context"
	"errors"
	"fmt"
)

// stage writes a copy of every file, sealed with s.
func (d *Dir) stage(ctx context.Context, s Sealer, damagedStays bool) error {
	list, err := d.list()
	if err != nil {
		return err
	}
	for _, e := range list {
		err := d.stageFile(ctx, s, e)
		if damagedStays && (damaged(err) || errors.Is(err, ErrAltered) || errors.Is(err, ErrPermissions)) {
			err = d.keepDamaged(e.file())
		}
		if err != nil {
			return fmt.Errorf("%s: %w", e.file(), err)
		}
	}
	if s != nil {
		data, err := seal(ctx, s, d.nextIndex.text())
		if err != nil {
			return err
		}
		if err := d.writeNew(stagePrefix+sealedName, data); err != nil {
			return err
		}
		if err := d.writeNew(stagePrefix+indexName, d.nextIndex.bytes()); err != nil {
			return err
		}
	}
	return d.sync() // all of it before the mark
}

func (d *Dir) stageFile(ctx context.Context, s Sealer, e Entry) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	id, label, err := d.loadLabelled(ctx, e.file())
	if err != nil {
		return err
	}
	data, err := sealFile(ctx, s, e.Name, id, label)
	if err != nil {
		return err
	}
	if err := d.writeNew(stagePrefix+e.file(), data); err != nil {
		return err
	}
	if s != nil {
		d.nextIndex.Files[e.file()] = sumOf(data)
	}
	return d.files.Chtimes(stagePrefix+e.file(), e.Saved, e.Saved)
}

// keepDamaged lists a file that stays as it is, so that reading it says what is wrong with it.
func (d *Dir) keepDamaged(file string) error {
	is, err := d.sumOfFile(file)
	if err == nil && is != "" {
		d.nextIndex.Files[file] = is
	}
	return err
}
