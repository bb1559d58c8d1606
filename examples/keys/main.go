// Command keys looks after identities: it makes, shows, lists, labels, renames, rotates,
// restores, imports, exports and encrypts them. Secrets go to a new file that only its
// owner may read, or, with -reveal, to standard output; nowhere else.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/go-i2p/i2psocks/keys"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends at once
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "keys:", err)
		os.Exit(1)
	}
}

const usage = `Usage: keys [options] COMMAND

  create NAME        make an identity
  list               all identities, retired ones too
  show NAME          the public half
  label NAME TEXT    a note for people; "" for none
  rename NAME NEW    give it another name
  rotate NAME        put a new identity in its place; the old one is retired
  restore NAME       undo that; what is in use is retired
  import NAME FILE   from SAM base64, a .dat file or .i2p.private ("-": standard input)
  export NAME        the secret half, to the file of -out or with -reveal
  encrypt            all of them, with a (new) passphrase
  adopt              take an encrypted folder as it is, after files were put back or removed by hand

Options:
`

// command is what was asked for, and with what.
type command struct {
	dir, passphraseFile, newPassphraseFile string
	format, out                            string
	json, reveal                           bool
	workFactor                             int

	stdin          *os.File
	stdout, stderr io.Writer
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	c := &command{stdin: os.Stdin, stdout: stdout, stderr: stderr}
	return c.run(ctx, args)
}

func (c *command) run(ctx context.Context, args []string) error {
	fs := flag.NewFlagSet("keys", flag.ContinueOnError)
	fs.SetOutput(c.stderr)
	fs.Usage = func() { fmt.Fprint(c.stderr, usage); fs.PrintDefaults() }
	fs.StringVar(&c.dir, "dir", "i2p-keys", "`folder` of the identities; that of an Endpoint is DIR/keys")
	fs.StringVar(&c.passphraseFile, "passphrase-file", "", "`file` with the passphrase (default: ask on the terminal)")
	fs.StringVar(&c.newPassphraseFile, "new-passphrase-file", "", "`file` with the passphrase to encrypt with")
	fs.IntVar(&c.workFactor, "work-factor", 0, "cost of a passphrase as a power of 2 (default 18)")
	fs.StringVar(&c.format, "format", string(keys.FormatSAM), "export as sam, dat or i2pkeys")
	fs.StringVar(&c.out, "out", "", "new `file` to export to")
	fs.BoolVar(&c.reveal, "reveal", false, "export the secret to standard output")
	fs.BoolVar(&c.json, "json", false, "print JSON")
	if err := fs.Parse(args); err != nil {
		return err
	}
	verb, operands := fs.Arg(0), fs.Args()[min(1, fs.NArg()):]
	do, wants := c.verb(verb)
	if do == nil || len(operands) != wants {
		fs.Usage()
		return fmt.Errorf("%q: no such command, or not its operands (options come first)", verb)
	}
	d, err := c.open(ctx, verb)
	if err != nil {
		return err
	}
	err = do(ctx, d, operands)
	return cmp.Or(err, d.Close())
}

type verb func(ctx context.Context, d *keys.Dir, operands []string) error

// verb finds a command and the number of its operands.
func (c *command) verb(name string) (do verb, operands int) {
	switch name {
	case "create":
		return c.create, 1
	case "list":
		return c.list, 0
	case "show":
		return c.show, 1
	case "label":
		return c.label, 2
	case "rename":
		return c.rename, 2
	case "rotate":
		return c.rotate, 1
	case "restore":
		return c.restore, 1
	case "import":
		return c.importKey, 2
	case "export":
		return c.export, 1
	case "encrypt":
		return c.encrypt, 0
	case "adopt":
		return c.adopt, 0
	}
	return nil, 0
}
