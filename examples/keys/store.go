package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/keys/ageseal"
)

// open opens the directory, and asks for a passphrase only if it is encrypted.
// Only create and import make a directory: for other commands a missing -dir is a mistake.
func (c *command) open(ctx context.Context, verb string) (*keys.Dir, error) {
	if verb != "create" && verb != "import" {
		if _, err := os.Stat(c.dir); err != nil {
			return nil, fmt.Errorf("no identities in -dir %s: create or import makes the directory: %w", c.dir, errors.Unwrap(err))
		}
	}
	d, err := keys.OpenDir(c.dir)
	if !errors.Is(err, keys.ErrSealed) {
		return d, err
	}
	s, err := c.sealer(ctx, c.passphraseFile, "Passphrase: ")
	if err != nil {
		return nil, err
	}
	return keys.OpenSealedDir(ctx, c.dir, s)
}

// newSealer is for encryption: a passphrase that is typed must be typed twice.
func (c *command) newSealer(ctx context.Context) (*ageseal.Sealer, error) {
	if c.newPassphraseFile != "" {
		return c.sealer(ctx, c.newPassphraseFile, "")
	}
	first, err := c.ask(ctx, "New passphrase: ")
	if err != nil {
		return nil, err
	}
	second, err := c.ask(ctx, "The same again: ")
	if err != nil {
		return nil, err
	}
	if first != second {
		return nil, errors.New("the two passphrases differ")
	}
	return c.sealerFor(first)
}

// sealer takes the passphrase from a file or, failing that, asks for it.
func (c *command) sealer(ctx context.Context, file, prompt string) (*ageseal.Sealer, error) {
	if file == "" {
		p, err := c.ask(ctx, prompt)
		if err != nil {
			return nil, err
		}
		return c.sealerFor(p)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		return nil, err
	}
	return c.sealerFor(strings.TrimRight(string(b), "\r\n"))
}

func (c *command) sealerFor(passphrase string) (*ageseal.Sealer, error) {
	s, err := ageseal.Passphrase(passphrase)
	if err != nil {
		return nil, err
	}
	s.WorkFactor = c.workFactor
	return s, nil
}

// ask reads a passphrase from the terminal, which does not show it. An
// interrupt gives the terminal back as it was.
func (c *command) ask(ctx context.Context, prompt string) (string, error) {
	fd := int(c.stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", errors.New("no terminal to ask for a passphrase: name a file with it")
	}
	if err := ctx.Err(); err != nil {
		return "", err
	}
	fmt.Fprint(c.stderr, prompt)
	defer fmt.Fprintln(c.stderr)
	type answer struct {
		text []byte
		err  error
	}
	typed := make(chan answer, 1)
	go func() {
		text, err := term.ReadPassword(fd)
		typed <- answer{text, err}
	}()
	select {
	case a := <-typed:
		return string(a.text), a.err
	case <-ctx.Done():
		return "", errors.Join(ctx.Err(), term.Restore(fd, before))
	}
}
