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
	"syscall"

	"github.com/go-i2p/i2psocks/dialer/sam"
)

// errUsage is a mistake on the command line that was reported together with the usage.
var errUsage = errors.New("wrong usage")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	switch err := run(ctx, os.Args[1:], os.Stdout, os.Stderr); {
	case errors.Is(err, flag.ErrHelp):
	case errors.Is(err, errUsage):
		os.Exit(2)
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
	{"list", "", "list all names", 0, (*tool).list},
	{"lookup", "NAME", "look up a name, which may be an international one, or a GarliCat address", 1, (*tool).lookup},
	{"add", "NAME ADDRESS", "add an entry of your own: a base64 destination or a base32 name; -replace changes one", 2, (*tool).add},
	{"remove", "NAME", "remove an entry of your own", 1, (*tool).remove},
	{"import", "FROM", "import a hosts file, java:DIR or i2pd:DIR into your own entries", 1, (*tool).importFrom},
	{"export", "TO", "export all names to a new hosts file, or into the address book of java:DIR or i2pd:DIR, whose router must be stopped; -n is a dry run", 1, (*tool).export},
	{"subscribe", "URL", "subscribe to a feed in I2P, trusted less than earlier ones, and fetch it", 1, (*tool).subscribe},
	{"update", "", "fetch all feeds", 0, (*tool).update},
	{"verify", "FILE", "verify the signatures in a hosts file", 1, (*tool).verify},
	{"helper", "URL", "show what a URL with i2paddresshelper= proposes; nothing is added", 1, (*tool).helper},
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	t := &tool{stderr: stderr}
	t.out = stdout
	fs := flag.NewFlagSet("hosts", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprint(stderr, "Usage: hosts [options] COMMAND\n\n")
		for _, c := range commands {
			fmt.Fprintf(stderr, "  %-24s %s\n", strings.TrimSpace(c.name+" "+c.args), c.help)
		}
		fmt.Fprint(stderr, "\nOptions:\n")
		fs.PrintDefaults()
	}
	fs.StringVar(&t.dir, "dir", "hosts-state", "`directory` of the address book")
	fs.StringVar(&t.sam, "sam", sam.DefaultAddress, "SAM `address`, for subscribe and update")
	fs.BoolVar(&t.json, "json", false, "print JSON")
	fs.BoolVar(&t.replace, "replace", false, "let add replace an entry")
	fs.BoolVar(&t.dry, "n", false, "with export: write nothing, show what would be written")
	if err := fs.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	i := slices.IndexFunc(commands, func(c command) bool { return c.name == fs.Arg(0) && c.count == fs.NArg()-1 })
	if i < 0 {
		if fs.NArg() > 0 {
			fmt.Fprintf(stderr, "hosts: %q: unknown command, or wrong number of arguments (options come first)\n", fs.Arg(0))
		}
		fs.Usage()
		return errUsage
	}
	if err := t.open(); err != nil {
		return err
	}
	return commands[i].do(t, ctx, fs.Args()[1:])
}
