// Command keys manages identities: it creates, shows, lists, labels, renames, rotates,
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

// errUsage is a mistake on the command line that was reported together with the usage.
var errUsage = errors.New("wrong usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends at once
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "keys:", err)
		os.Exit(1)
	}
}

const usage = `Usage: keys [options] COMMAND

  create NAME        create an identity
  list               list all identities, retired ones included
  show NAME          show the public part
  label NAME TEXT    set a label; "" removes it
  rename NAME NEW    rename an identity
  rotate NAME        replace an identity by a new one and retire the old one
  restore NAME       restore the identity retired last; the current one is retired
  import NAME FILE   import SAM base64, a .dat or .i2p.private file ("-": standard input)
  export NAME        export the secret, to the file of -out or with -reveal
  encrypt            encrypt all identities with a (new) passphrase
  adopt              accept an encrypted directory after files were restored or removed by hand

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
	fs.StringVar(&c.dir, "dir", "i2p-keys", "`directory` of the identities; that of an Endpoint is its Dir/keys")
	fs.StringVar(&c.passphraseFile, "passphrase-file", "", "`file` with the passphrase (default: ask on the terminal)")
	fs.StringVar(&c.newPassphraseFile, "new-passphrase-file", "", "`file` with the passphrase to encrypt with")
	fs.IntVar(&c.workFactor, "work-factor", 0, "cost of a passphrase as a power of 2 (default 18)")
	fs.StringVar(&c.format, "format", string(keys.FormatSAM), "export as sam, dat or i2pkeys")
	fs.StringVar(&c.out, "out", "", "new `file` to export to")
	fs.BoolVar(&c.reveal, "reveal", false, "export the secret to standard output")
	fs.BoolVar(&c.json, "json", false, "print JSON")
	if err := fs.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	verb, operands := fs.Arg(0), fs.Args()[min(1, fs.NArg()):]
	do, wants := c.verb(verb)
	if do == nil || len(operands) != wants {
		if verb != "" {
			fmt.Fprintf(c.stderr, "keys: %q: unknown command, or wrong number of arguments (options come first)\n", verb)
		}
		fs.Usage()
		return errUsage
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
