// Command otel is a SOCKS daemon that traces its requests with OpenTelemetry. It prints its spans as JSON; other programs can use
// another exporter. It is a module of its own because of its dependencies.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"go.opentelemetry.io/otel/exporters/stdout/stdouttrace"
	"go.opentelemetry.io/otel/sdk/resource"
	sdk "go.opentelemetry.io/otel/sdk/trace"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
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
		fmt.Fprintln(os.Stderr, "otel:", err)
		os.Exit(1)
	}
}

const (
	drainTime = 30 * time.Second // that connections may go on after a signal
	flushTime = 5 * time.Second  // for the last spans to be written
)

// run serves until ctx ends. It prints the SOCKS port's URL, and spans to stderr.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("otel", flag.ContinueOnError)
	fs.SetOutput(stderr)
	listen := fs.String("listen", "127.0.0.1:4447", "`address` of the SOCKS port")
	address := fs.String("sam", sam.DefaultAddress, "SAM `address`: IP:port or unix:PATH")
	names := fs.Bool("names", false, "put host names into spans, which then tell who talks with whom, and what OTEL_RESOURCE_ATTRIBUTES and OTEL_SERVICE_NAME say")
	if err := fs.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	exporter, err := stdouttrace.New(stdouttrace.WithWriter(stderr))
	if err != nil {
		return err
	}
	// The default resource would tell the host's name, and the command line; these, which the SDK adds to any resource, that
	// of a pod or a machine.
	if !*names {
		os.Unsetenv("OTEL_RESOURCE_ATTRIBUTES")
		os.Unsetenv("OTEL_SERVICE_NAME")
	}
	provider := sdk.NewTracerProvider(sdk.WithBatcher(exporter), sdk.WithResource(resource.Empty()))
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), flushTime)
		defer cancel()
		provider.Shutdown(ctx)
	}()
	ep := newEndpoint(*address, tracing{provider.Tracer("github.com/go-i2p/i2psocks"), *names})
	defer ep.Close()
	px, err := ep.ListenSOCKS(ctx, "tcp", *listen)
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, px.URL())
	select {
	case <-px.Done():
		return px.Err()
	case <-ctx.Done():
	}
	drain, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	px.Shutdown(drain) // so that the spans of what goes on end
	return ep.Close()
}

// newEndpoint returns an endpoint whose SOCKS ports and sessions are traced, also those of users that are kept apart.
func newEndpoint(address string, t tracing) *i2psocks.Endpoint {
	owners := new(dialer.Owners)
	session := func() backend { return backend{&sam.Session{Address: address, Owners: owners}, t} }
	ep := &i2psocks.Endpoint{Backend: session(), Hooks: t.hooks()}
	ep.Isolation.New = func(context.Context) (dialer.Backend, error) { return session(), nil }
	return ep
}
