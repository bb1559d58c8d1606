// Command metrics is a SOCKS daemon with metrics for Prometheus at /metrics, and for expvar as JSON at
// /debug/vars. It is a module of its own because of its dependencies.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks"
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
		fmt.Fprintln(os.Stderr, "metrics:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. It prints the SOCKS port's URL, then the URL of its metrics.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("metrics", flag.ContinueOnError)
	fs.SetOutput(stderr)
	ep := new(i2psocks.Endpoint)
	listen := fs.String("listen", "127.0.0.1:4447", "`address` of the SOCKS port")
	metrics := fs.String("metrics", "127.0.0.1:9447", "`address` of the metrics page, which has no password")
	fs.StringVar(&ep.SAM, "sam", sam.DefaultAddress, "SAM `address`: IP:port or unix:PATH")
	if err := fs.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	m := newMetrics(ep)
	ep.Hooks = m.hooks()
	defer ep.Close()
	px, err := ep.ListenSOCKS(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", *metrics)
	if err != nil {
		return err
	}
	srv := &http.Server{Handler: m.handler(px), ReadHeaderTimeout: 10 * time.Second}
	defer context.AfterFunc(ctx, func() { srv.Close() })()
	fmt.Fprintf(stdout, "%s\nhttp://%s\n", px.URL(), ln.Addr())
	if err := srv.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return ep.Close()
}
