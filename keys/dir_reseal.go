package keys

import (
	"context"
	"fmt"
	"strings"
)

// A directory is encrypted if it has sealedName, in which sealedText is sealed.
// Reseal stages every file anew, then leaves a mark that says so. Without the
// mark the staged files are dropped; with it they are moved into place, now or
// at the next start: they are whole, and no secret is needed for it.
const (
	sealedName   = ".sealed"
	sealedText   = "i2p identities\n"
	stagePrefix  = ".next-"
	markToSealed = ".reseal"
	markToPlain  = ".unseal"
)

// Reseal encrypts all files anew for s, those of retired identities too, or writes them plain if s
// is nil, and goes on with s. It is all or nothing, whatever disk or process fails meanwhile, and
// nothing if a file cannot be read. The times of saving stay. The files that were there are
// removed, not overwritten.
func (d *Dir) Reseal(ctx context.Context, s Sealer) error {
	return d.doAll(ctx, "reseal", "", func() error {
		if err := d.tidy(); err != nil {
			return err // a plain secret would stay
		}
		d.unsettled, d.next = true, s // ready tidies up after any failure
		if err := d.stage(ctx, s); err != nil {
			d.ready() // or the next operation does
			return err
		}
		mark := markToSealed
		if s == nil {
			mark = markToPlain
		}
		markErr := d.writeNew(mark, nil)
		// The mark may be there even so. What is there, decides.
		done, err := d.settle()
		if err != nil {
			return err
		}
		d.unsettled = false
		if !done {
			return markErr
		}
		return nil
	})
}

// stage writes a copy of every file, sealed with s.
func (d *Dir) stage(ctx context.Context, s Sealer) error {
	list, err := d.list()
	if err != nil {
		return err
	}
	for _, e := range list {
		if err := d.stageFile(ctx, s, e); err != nil {
			return fmt.Errorf("%s: %w", e.file(), err)
		}
	}
	if s != nil {
		data, err := seal(ctx, s, sealedText)
		if err != nil {
			return err
		}
		if err := d.writeNew(stagePrefix+sealedName, data); err != nil {
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
	data, err := seal(ctx, s, fileText(id, label))
	if err != nil {
		return err
	}
	if err := d.writeNew(stagePrefix+e.file(), data); err != nil {
		return err
	}
	return d.files.Chtimes(stagePrefix+e.file(), e.Saved, e.Saved)
}

// ready settles what a failed Reseal left.
func (d *Dir) ready() error {
	if !d.unsettled {
		return nil
	}
	_, err := d.settle()
	d.unsettled = err != nil
	return err
}

// settle carries a decided Reseal out and drops one that was not decided. It
// reports whether it did the former. It can be repeated after any failure.
func (d *Dir) settle() (decided bool, err error) {
	// What is seen must also be what a crash would leave.
	if err := d.sync(); err != nil {
		return false, err
	}
	entries, err := d.files.ReadDir()
	if err != nil {
		return false, err
	}
	var staged []string
	mark := ""
	for _, e := range entries {
		switch name := e.Name(); {
		case name == markToSealed || name == markToPlain:
			mark = name
		case strings.HasPrefix(name, stagePrefix) && e.Type().IsRegular():
			staged = append(staged, name)
		}
	}
	if mark == "" {
		return false, d.drop(staged)
	}
	d.sealer = d.next
	return true, d.carryOut(mark, staged)
}

func (d *Dir) drop(staged []string) error {
	for _, file := range staged {
		if err := d.files.Remove(file); err != nil {
			return err
		}
	}
	return nil
}

func (d *Dir) carryOut(mark string, staged []string) error {
	for _, file := range staged {
		if err := d.files.Rename(file, strings.TrimPrefix(file, stagePrefix)); err != nil {
			return err
		}
	}
	if mark == markToPlain {
		sealed, err := d.exists(sealedName)
		if err == nil && sealed {
			err = d.files.Remove(sealedName)
		}
		if err != nil {
			return err
		}
	}
	if err := d.sync(); err != nil {
		return err
	}
	if err := d.files.Remove(mark); err != nil {
		return err
	}
	return d.sync()
}

// checkSealer makes sure that the directory is sealed if and only if there is a
// Sealer, and with that one. It seals an empty directory.
func (d *Dir) checkSealer(ctx context.Context) error {
	sealed, err := d.exists(sealedName)
	switch {
	case err != nil:
		return err
	case d.sealer == nil && sealed:
		return ErrSealed
	case d.sealer == nil:
		return nil
	case !sealed:
		return d.sealEmpty(ctx)
	}
	raw, err := d.read(sealedName)
	if err != nil {
		return err
	}
	text, err := unseal(ctx, d.sealer, raw)
	if err == nil && text != sealedText {
		err = fmt.Errorf("%w: %s", ErrMalformed, sealedName)
	}
	return err
}

func (d *Dir) sealEmpty(ctx context.Context) error {
	list, err := d.list()
	if err != nil {
		return err
	}
	if len(list) > 0 {
		return ErrNotSealed
	}
	data, err := seal(ctx, d.sealer, sealedText)
	if err != nil {
		return err
	}
	return d.save(sealedName, data)
}
