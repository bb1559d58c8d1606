package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/go-i2p/i2psocks/addrbook"
)

// verify checks the signed records of a file, of which not one may be wrong.
func (t *tool) verify(ctx context.Context, args []string) error {
	f, err := os.Open(args[0])
	if err != nil {
		return err
	}
	defer f.Close()
	var o outcome
	p := newProgress(t.stderr)
	for line, err := range addrbook.HostsLines(bufio.NewReader(f)) {
		if err := context.Cause(ctx); err != nil {
			return err
		}
		var r addrbook.Record
		if err == nil && !isPlainHash(line) {
			r, err = addrbook.ParseRecord(line.Text)
		}
		if err == nil && line.Name == "" && len(r.Properties) == 0 {
			continue
		}
		o.Lines++
		switch {
		case err != nil:
		case len(r.Properties) == 0:
			o.Unchanged++ // nobody claims anything
			continue
		default:
			err = r.Verify()
		}
		if err != nil {
			o.problem(&addrbook.HostsError{Line: line.Number, Err: err})
		} else {
			o.Applied++
		}
		p.step("%d records", o.Lines)
	}
	p.done()
	if err := t.outcome(o); err != nil {
		return err
	}
	if o.Wrong > 0 {
		return fmt.Errorf("%d of %d records are wrong", o.Wrong, o.Lines)
	}
	return nil
}

// isPlainHash reports whether a line gives a name a base32 name, which nobody can sign.
func isPlainHash(line addrbook.Line) bool {
	_, whole := line.Address.Destination()
	return line.Name != "" && !whole && !strings.Contains(line.Text, "#!")
}
