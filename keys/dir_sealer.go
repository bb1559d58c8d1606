package keys

import "context"

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
	if err != nil {
		return err
	}
	if text == formerText {
		d.trusting = true
		defer func() { d.trusting = false }()
		return d.reseal(ctx, d.sealer, true)
	}
	if d.index, err = indexOf(text); err != nil {
		return err
	}
	return d.readIndex()
}

func (d *Dir) sealEmpty(ctx context.Context) error {
	list, err := d.list()
	if err != nil {
		return err
	}
	if len(list) > 0 {
		return ErrNotSealed
	}
	x := newIndex()
	data, err := seal(ctx, d.sealer, x.text())
	if err != nil {
		return err
	}
	d.index = x
	if err := d.writeIndex(); err != nil { // before the mark, or it would seem to have been removed
		return err
	}
	return d.put(sealedName, data)
}
