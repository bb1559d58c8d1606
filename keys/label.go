package keys

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"strings"
	"unicode"
	"unicode/utf8"
)

// MaxLabel is the maximum length of a label in bytes.
const MaxLabel = 200

// ErrLabel: not a label: too long, or with something in it that is not printed in
// a line, such as a line break.
var ErrLabel = errors.New("invalid label")

// Labeler is an [Archive] that stores a label with each identity: free text of printable characters and spaces. A
// label stays with its identity when it is renamed, retired or restored, and is inherited by the identity that
// replaces it.
type Labeler interface {
	Archive

	// Label returns the label of the identity called name, "" if it has none.
	Label(ctx context.Context, name string) (string, error)

	// SetLabel changes it; "" removes it. The error is [ErrLabel] for an invalid label.
	SetLabel(ctx context.Context, name, label string) error
}

var (
	_ Labeler = (*Dir)(nil)
	_ Labeler = (*Memory)(nil)
)

// ValidLabel reports whether a [Labeler] accepts label.
func ValidLabel(label string) bool {
	return len(label) <= MaxLabel && utf8.ValidString(label) &&
		strings.IndexFunc(label, func(r rune) bool { return !unicode.IsPrint(r) }) < 0
}

// A key file may have a second line, with the label.
const labelMark = "# "

// cutLabel splits a key file, before sealing, into the text of the key and the
// label. What follows the key and is no label stays with it, to be refused.
func cutLabel(text []byte) (key []byte, label string) {
	line, rest, _ := bytes.Cut(text, []byte("\n"))
	after, ok := bytes.CutPrefix(rest, []byte(labelMark))
	if !ok {
		return text, ""
	}
	after, ok = bytes.CutSuffix(after, []byte("\n"))
	if !ok || len(after) == 0 || !ValidLabel(string(after)) {
		return text, ""
	}
	return text[:len(line)+1], string(after)
}

// damaged tells that a file itself cannot be read as an identity, now or ever.
func damaged(err error) bool {
	for _, kind := range []error{ErrMalformed, ErrUnsupported, ErrSealed, ErrNotSealed, ErrPassphrase} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// Label implements [Labeler], with the errors of [Dir.Load].
func (d *Dir) Label(ctx context.Context, name string) (label string, err error) {
	err = d.do(ctx, "label", name, func() error {
		_, label, err = d.loadLabelled(ctx, name+keySuffix)
		return err
	})
	return label, err
}

// SetLabel implements [Labeler]. The label is part of the identity's file, which is rewritten, and encrypted like it.
func (d *Dir) SetLabel(ctx context.Context, name, label string) error {
	return d.change(ctx, "setlabel", name, func() error {
		if !ValidLabel(label) {
			return ErrLabel
		}
		file := name + keySuffix
		id, _, err := d.loadLabelled(ctx, file)
		if err != nil {
			return err
		}
		fi, err := d.check(file)
		if err != nil {
			return err
		}
		data, err := sealFile(ctx, d.sealer, name, id, label)
		if err != nil {
			return err
		}
		temp, err := d.writeTemp(data)
		if err != nil {
			return err
		}
		if err := d.files.Chtimes(temp, fi.ModTime(), fi.ModTime()); err != nil { // still when it was saved
			return err
		}
		return d.altering(map[string]sum{file: sumOf(data)}, func() error {
			if err := d.files.Rename(temp, file); err != nil {
				return err
			}
			return d.sync()
		})
	})
}

// Label implements [Labeler].
func (m *Memory) Label(ctx context.Context, name string) (label string, err error) {
	err = m.do(ctx, "label", name, func() error {
		k, ok := m.ids[name]
		if !ok {
			return fs.ErrNotExist
		}
		label = k.label
		return nil
	})
	return label, err
}

// SetLabel implements [Labeler].
func (m *Memory) SetLabel(ctx context.Context, name, label string) error {
	return m.do(ctx, "setlabel", name, func() error {
		if !ValidLabel(label) {
			return ErrLabel
		}
		k, ok := m.ids[name]
		if !ok {
			return fs.ErrNotExist
		}
		k.label = label
		m.ids[name] = k
		return nil
	})
}
