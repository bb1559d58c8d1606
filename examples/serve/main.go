// Command serve runs a web site in I2P, with a persistent address.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/sam"
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
		fmt.Fprintln(os.Stderr, "serve:", err)
		os.Exit(1)
	}
}

// drainTime is how long requests may go on after a signal.
const drainTime = 10 * time.Second

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	var ep i2psocks.Endpoint
	fs := flag.NewFlagSet("serve", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.StringVar(&ep.SAM, "sam", sam.DefaultAddress, "SAM `address`: IP:port or unix:PATH")
	fs.StringVar(&ep.Dir, "dir", "serve-state", "`directory` of the identity")
	fs.StringVar(&ep.Name, "name", "site", "`name` of the identity")
	root := fs.String("root", "", "`directory` to serve (default: a greeting)")
	length := fs.Int("length", 3, "hops of each tunnel, 0 (no anonymity) to 7")
	fs.Usage = func() {
		fmt.Fprintln(stderr, "Usage: serve [options]")
		fs.PrintDefaults()
	}
	if err := fs.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if fs.NArg() > 0 {
		fmt.Fprintf(stderr, "serve: unexpected argument %q\n", fs.Arg(0))
		fs.Usage()
		return errUsage
	}
	if *length < 0 || *length > 7 {
		return fmt.Errorf("-length %d: not in 0 to 7", *length)
	}
	if *root != "" {
		if _, err := os.ReadDir(*root); err != nil {
			return fmt.Errorf("-root: %w", err)
		}
	}
	ep.Inbound.Length = *length
	if *length == 0 {
		ep.Inbound.Length = -1
	}
	ep.Outbound = ep.Inbound
	defer ep.Close()

	ln, err := ep.Listen(ctx, "tcp", ":80")
	switch {
	case ctx.Err() != nil:
		return nil // interrupted before the tunnels were built
	case errors.Is(err, dialer.ErrRouterDown):
		return fmt.Errorf("no SAM bridge at %s: start an I2P router and enable SAM, or give its address with -sam", ep.SAM)
	case err != nil:
		return err
	}
	fmt.Fprintf(stdout, "http://%s/\n", ep.Addr().Host)
	srv := &http.Server{Handler: site(*root), ReadHeaderTimeout: time.Minute}
	drained := make(chan error, 1)
	stop := context.AfterFunc(ctx, func() {
		ctx, cancel := context.WithTimeout(context.Background(), drainTime)
		defer cancel()
		drained <- srv.Shutdown(ctx)
	})
	if err := srv.Serve(ln); stop() || !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return errors.Join(<-drained, ep.Close())
}

func site(root string) http.Handler {
	if root != "" {
		return http.FileServer(http.Dir(root))
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		// RemoteAddr is the visitor's base32 address.
		fmt.Fprintf(w, "Hello from I2P, %s\n", r.RemoteAddr)
	})
}
