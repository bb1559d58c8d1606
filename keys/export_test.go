package keys

import (
	"context"
	"math/big"
	"time"
)

// DSAGroup shows the constants to the tests.
func DSAGroup() (p, q, g *big.Int) { return fromHex(dsaP), fromHex(dsaQ), fromHex(dsaG) }

type (
	Files = files
	File  = file
)

// OpenDirOn opens a directory with a file system that the test makes of the real one.
func OpenDirOn(ctx context.Context, path string, s Sealer, wrap func(Files) Files) (*Dir, error) {
	d, err := lockDir(path)
	if err != nil {
		return nil, err
	}
	d.files = wrap(d.files)
	if err := d.start(ctx, s); err != nil {
		d.Close()
		return nil, &StoreError{Op: "open", Err: err}
	}
	return d, nil
}

// IndexOf reads an index under the key that is sealed in a directory, and writes it again.
func IndexOf(sealed string, file []byte) ([]byte, error) {
	x, err := indexOf(sealed)
	if err == nil {
		err = x.read(file)
	}
	if err != nil {
		return nil, err
	}
	return x.bytes(), nil
}

// NewIndex returns what is sealed, and an index of one file.
func NewIndex() (sealed string, file []byte) {
	x := newIndex()
	x.Files["bot.key"] = sumOf([]byte("x"))
	x.plan(map[string]sum{"bot.key": "", "new.key": sumOf([]byte("y"))})
	return x.text(), x.bytes()
}

// ShiftRetired makes the clock seem to have been ahead when identities were retired.
func ShiftRetired(m *Memory, by time.Duration) {
	for i := range m.retired {
		m.retired[i].Retired = m.retired[i].Retired.Add(by)
	}
}

// ParseRetired and RetiredFile show how retired identities are filed.
var ParseRetired, RetiredFile = parseRetired, retiredFile

// CutLabel shows how the label is told from the key.
var CutLabel = cutLabel
