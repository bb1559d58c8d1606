package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

func (c *command) create(ctx context.Context, d *keys.Dir, operands []string) error {
	id, err := keys.Generate()
	return c.save(ctx, d, operands[0], id, err)
}

// save keeps what was made or read, unless that failed.
func (c *command) save(ctx context.Context, d *keys.Dir, name string, id keys.Identity, err error) error {
	if err == nil {
		err = d.Save(ctx, name, id)
	}
	if err != nil {
		return err
	}
	return c.printIdentity(name, "", id)
}

// showAfter shows what a change led to, unless it failed.
func (c *command) showAfter(ctx context.Context, d *keys.Dir, name string, err error) error {
	if err != nil {
		return err
	}
	id, err := d.Load(ctx, name)
	if err != nil {
		return err
	}
	label, err := d.Label(ctx, name)
	if err != nil {
		return err
	}
	return c.printIdentity(name, label, id)
}

func (c *command) show(ctx context.Context, d *keys.Dir, operands []string) error {
	return c.showAfter(ctx, d, operands[0], nil)
}

func (c *command) rotate(ctx context.Context, d *keys.Dir, operands []string) error {
	_, err := keys.Rotate(ctx, d, operands[0])
	return c.showAfter(ctx, d, operands[0], err)
}

func (c *command) restore(ctx context.Context, d *keys.Dir, operands []string) error {
	return c.showAfter(ctx, d, operands[0], d.Restore(ctx, operands[0], time.Time{}))
}

func (c *command) rename(ctx context.Context, d *keys.Dir, operands []string) error {
	return c.showAfter(ctx, d, operands[1], d.Rename(ctx, operands[0], operands[1]))
}

func (c *command) label(ctx context.Context, d *keys.Dir, operands []string) error {
	return c.showAfter(ctx, d, operands[0], d.SetLabel(ctx, operands[0], operands[1]))
}

func (c *command) list(ctx context.Context, d *keys.Dir, _ []string) error {
	entries, err := d.List(ctx)
	if err != nil {
		return err
	}
	return c.printList(entries)
}

func (c *command) importKey(ctx context.Context, d *keys.Dir, operands []string) error {
	in := c.stdin
	if operands[1] != "-" {
		f, err := os.Open(operands[1])
		if err != nil {
			return err
		}
		defer f.Close()
		in = f
	}
	id, format, err := keys.Import(in)
	if err == nil {
		fmt.Fprintf(c.stderr, "read as %s; the file that was imported is still there\n", format)
	}
	return c.save(ctx, d, operands[0], id, err)
}

func (c *command) export(ctx context.Context, d *keys.Dir, operands []string) error {
	if (c.out == "") == !c.reveal {
		return errors.New("export: either -out FILE or -reveal is needed")
	}
	id, err := d.Load(ctx, operands[0])
	if err != nil {
		return err
	}
	secret, err := keys.Export(id, keys.Format(c.format))
	if err != nil {
		return err
	}
	if c.reveal {
		_, err := c.stdout.Write(secret)
		return err
	}
	if err := writeSecret(c.out, secret); err != nil {
		return err
	}
	return c.show(ctx, d, operands)
}

// writeSecret makes a file of mode 0600 and replaces none. It is on the disk when it returns.
func writeSecret(path string, secret []byte) (err error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = cmp.Or(err, f.Close()); err != nil {
			os.Remove(path)
		}
	}()
	if _, err := f.Write(secret); err != nil {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

// syncDir flushes the entries of a directory. Some file systems cannot, and need not; nor can Windows.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	if err = d.Sync(); errors.Is(err, errors.ErrUnsupported) || errors.Is(err, syscall.EINVAL) {
		return nil
	}
	return err
}

// adopt takes the files of an encrypted folder for right, after some were put there or taken away by hand.
func (c *command) adopt(ctx context.Context, d *keys.Dir, _ []string) error {
	if err := d.Adopt(ctx); err != nil {
		return err
	}
	return c.list(ctx, d, nil)
}

func (c *command) encrypt(ctx context.Context, d *keys.Dir, _ []string) error {
	s, err := c.newSealer(ctx)
	if err != nil {
		return err
	}
	if err := d.Reseal(ctx, s); err != nil {
		return err
	}
	_, err = io.WriteString(c.stderr, "all identities are encrypted; older copies and backups are not\n")
	return err
}
