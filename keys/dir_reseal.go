package keys

import (
	"context"
	"strings"
)

// A directory is encrypted if it has sealedName, in which sealedDirText is sealed, and the key of the index.
// Reseal stages every file anew, then leaves a mark that says so. Without the
// mark the staged files are dropped; with it they are moved into place, now or
// at the next start: they are whole, and no secret is needed for it.
const (
	sealedName = ".sealed"
	formerText = "i2p identities\n" // of former versions, whose files have no names in them and no index

	sealedDirText = "i2p identities 2\n"

	stagePrefix  = ".next-"
	markToSealed = ".reseal"
	markToPlain  = ".unseal"
)

// Reseal encrypts all files, retired identities included, with s, or decrypts them if s is nil, and uses s from then
// on. It is atomic, even if disk or process fail, and does nothing if a file cannot be read. Encrypted files are
// opened again before the old ones are removed, which are not overwritten on the disk. The times of saving are kept.
func (d *Dir) Reseal(ctx context.Context, s Sealer) error {
	return d.doAll(ctx, "reseal", "", func() error { return d.reseal(ctx, s, false) })
}

// Adopt accepts the files of an encrypted directory as they are, after files were restored from a backup, copied
// there or removed on purpose, which is otherwise [ErrAltered]. All files must be readable, and sealed for their
// names, possibly by an earlier version; otherwise nothing is done. It seals all files again, as [Dir.Reseal] does.
// In a plain directory it does nothing.
func (d *Dir) Adopt(ctx context.Context) error {
	return d.doAll(ctx, "adopt", "", func() error {
		if d.sealer == nil {
			return nil
		}
		d.trusting = true
		defer func() { d.trusting = false }()
		return d.reseal(ctx, d.sealer, false)
	})
}

// reseal is Reseal. If damaged is true, files that cannot be read are left as they are.
func (d *Dir) reseal(ctx context.Context, s Sealer, damaged bool) error {
	if err := d.tidy(); err != nil {
		return err // a plain secret would stay
	}
	d.unsettled, d.next, d.nextIndex = true, s, nil // ready tidies up after any failure
	if s != nil {
		d.nextIndex = newIndex()
	}
	if err := d.stage(ctx, s, damaged); err != nil {
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
	d.sealer, d.index = d.next, d.nextIndex
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
		for _, file := range []string{sealedName, indexName} {
			there, err := d.exists(file)
			if err == nil && there {
				err = d.files.Remove(file)
			}
			if err != nil {
				return err
			}
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
