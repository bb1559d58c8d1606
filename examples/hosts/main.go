// Command hosts keeps an address book of I2P: it looks up, adds, removes, imports and exports names, learns
// from subscriptions over I2P, and verifies signed records.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"

	"github.com/go-i2p/i2psocks/dialer/sam"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case err != nil:
		fmt.Fprintln(os.Stderr, "hosts:", err)
		os.Exit(1)
	}
}

// tool is one run of the command.
type tool struct {
	state
	printer
	sam     string
	replace bool
	dry     bool
	stderr  io.Writer
}

type command struct {
	name, args, help string
	count            int // of args
	do               func(*tool, context.Context, []string) error
}

var commands = []command{
	{"list", "", "all names", 0, (*tool).list},
	{"lookup", "NAME", "a name, also an international one, or a GarliCat address", 1, (*tool).lookup},
	{"add", "NAME ADDRESS", "an entry of your own, with a base64 destination or a base32 name; -replace changes one", 2, (*tool).add},
	{"remove", "NAME", "an entry of your own", 1, (*tool).remove},
	{"import", "FROM", "a hosts file, java:FOLDER or i2pd:FOLDER into your own entries", 1, (*tool).importFrom},
	{"export", "TO", "all names to a new hosts file, or into the book of java:FOLDER or i2pd:FOLDER, whose router must not run; -n shows what it would do", 1, (*tool).export},
	{"subscribe", "URL", "to a feed in I2P, trusted less than those before, and fetch it", 1, (*tool).subscribe},
	{"update", "", "fetch all feeds", 0, (*tool).update},
	{"verify", "FILE", "the signatures in a hosts file", 1, (*tool).verify},
	{"helper", "URL", "what a URL with i2paddresshelper= proposes; nothing is added", 1, (*tool).helper},
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	t := &tool{stderr: stderr}
	t.out = stdout
	fs := flag.NewFlagSet("hosts", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprintln(stderr, "usage: hosts [flags] COMMAND")
		for _, c := range commands {
			fmt.Fprintf(stderr, "  %-24s %s\n", strings.TrimSpace(c.name+" "+c.args), c.help)
		}
		fs.PrintDefaults()
	}
	fs.StringVar(&t.dir, "dir", "hosts-state", "`folder` that keeps the book")
	fs.StringVar(&t.sam, "sam", sam.DefaultAddress, "SAM `address`, for subscribe and update")
	fs.BoolVar(&t.json, "json", false, "print JSON")
	fs.BoolVar(&t.replace, "replace", false, "let add change an entry")
	fs.BoolVar(&t.dry, "n", false, "let export write nothing, and show what it would")
	if err := fs.Parse(args); err != nil {
		return err
	}
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == fs.Arg(0) && c.count == fs.NArg()-1 })
	if i < 0 {
		fs.Usage()
		return fmt.Errorf("%q: no such command, or not its operands (flags come first)", fs.Arg(0))
	}
	if err := t.open(); err != nil {
		return err
	}
	return commands[i].do(t, ctx, fs.Args()[1:])
}
