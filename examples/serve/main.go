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
	"path/filepath"
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
	root := fs.String("root", "", "`directory` to serve, without links out of it (default: a greeting)")
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
	handler, err := site(*root, ep.Dir)
	if err != nil {
		return fmt.Errorf("-root: %w", err)
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
	srv := &http.Server{Handler: handler, ReadHeaderTimeout: time.Minute}
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

// site returns what visitors see. A directory with the keys in it is refused, since visitors could fetch them.
func site(root, keys string) (http.Handler, error) {
	if root == "" {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			// RemoteAddr is the visitor's base32 address.
			fmt.Fprintf(w, "Hello from I2P, %s\n", r.RemoteAddr)
		}), nil
	}
	dir, err := os.OpenRoot(root) // open until the program ends
	if err != nil {
		return nil, err
	}
	top, err := dir.Stat(".")
	if err != nil {
		return nil, err
	}
	inside, err := isBelow(keys, top)
	if err == nil && inside {
		err = fmt.Errorf("the keys in -dir %s would be served too", keys)
	}
	if err != nil {
		dir.Close()
		return nil, err
	}
	return http.FileServerFS(dir.FS()), nil
}

// isBelow reports whether a path, which need not exist, is a directory or below it.
func isBelow(path string, top os.FileInfo) (bool, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return false, err
	}
	real, err := filepath.EvalSymlinks(path)
	for errors.Is(err, os.ErrNotExist) && filepath.Dir(path) != path {
		path = filepath.Dir(path)
		real, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return false, err
	}
	for {
		fi, err := os.Stat(real)
		if err != nil || os.SameFile(fi, top) {
			return err == nil, err
		}
		if filepath.Dir(real) == real {
			return false, nil
		}
		real = filepath.Dir(real)
	}
}
