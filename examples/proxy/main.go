// Command proxy is a SOCKS 4, 4a and 5 daemon over I2P, with an identity of its own. It prints the URL of its
// port, then its base32 name.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2pd"
	"github.com/go-i2p/i2psocks/dialer/sam"
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
		fmt.Fprintln(os.Stderr, "proxy:", err)
		os.Exit(1)
	}
}

// drainTime is how long connections may go on after a signal.
const drainTime = 30 * time.Second

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	listen, status, ep, err := configure(args, stderr)
	if err != nil {
		return err
	}
	defer ep.Close()
	page, err := newStatusPage(status, ep)
	if err != nil {
		return err
	}
	defer page.close()
	px, err := ep.ListenSOCKS(ctx, "tcp", listen)
	if errors.Is(err, i2psocks.ErrExposed) {
		return fmt.Errorf("-listen %s: other machines can reach it: set -secret and -allow-remote to permit that", listen)
	} else if err != nil {
		return err
	}
	defer page.serve(px, stderr)()
	if err := wait(ctx, ep, stderr); ctx.Err() != nil { // interrupted before the tunnels were built
		if errors.Is(err, i2pd.ErrFewPeers) {
			fmt.Fprintln(stderr, explain(err, ep))
		}
		return nil
	} else if err != nil {
		return explain(err, ep)
	}
	fmt.Fprintf(stdout, "%s\n%s\n", px.URL(), ep.Addr().Host)

	select {
	case <-px.Done(): // the listener failed
		return px.Err()
	case <-ctx.Done():
	}
	fmt.Fprintln(stderr, "draining")
	ctx, cancel := context.WithTimeout(context.Background(), drainTime)
	defer cancel()
	if err := px.Shutdown(ctx); err != nil {
		fmt.Fprintln(stderr, "connections were cut:", err)
	}
	return ep.Close()
}

// configure reads the flags.
func configure(args []string, stderr io.Writer) (listen, status string, ep *i2psocks.Endpoint, err error) {
	fs := flag.NewFlagSet("proxy", flag.ContinueOnError)
	fs.SetOutput(stderr)
	ep = new(i2psocks.Endpoint)
	fs.StringVar(&listen, "listen", "127.0.0.1:4447", "`address` of the SOCKS port")
	fs.StringVar(&ep.SAM, "sam", "", "SAM `address`: IP:port or unix:PATH (default "+sam.DefaultAddress+")")
	fs.StringVar(&ep.I2CP, "i2cp", "", "I2CP `address`, IP:port, used instead of SAM")
	name := fs.String("name", "", "`name` of the identity")
	fs.StringVar(&ep.Dir, "dir", "", "`directory` of the identity (default: a new identity at each start)")
	fs.StringVar((*string)(&ep.Secret), "secret", "", "`password` that clients must give (default: none, on loopback)")
	fs.BoolVar(&ep.AllowRemote, "allow-remote", false, "permit -listen on addresses that other machines can reach; needs -secret")
	fs.BoolVar(&ep.Isolation.Listen, "bind", false, "permit BIND, with one identity for each SOCKS user name")
	fs.StringVar(&status, "status", "", "loopback `address` of a status page for browsers, such as 127.0.0.1:4448 (default: none)")
	hosts := fs.String("hosts", "", "hosts.txt `file` with names, asked before the router")
	quantity := fs.Int("quantity", 3, "parallel tunnels in each direction, 1 to 6")
	length := fs.Int("length", 3, "hops of each tunnel, 0 (no anonymity) to 7")
	router := fs.String("router", "", routerUsage)
	fs.BoolVar(&ep.AwaitRouter, "wait", false, "wait for a router that is not running yet, as at boot")
	verbose := fs.Bool("v", false, "log each request")
	fs.Usage = func() {
		fmt.Fprintln(stderr, "Usage: proxy [options]")
		fs.PrintDefaults()
	}
	if err := fs.Parse(args); err != nil {
		return "", "", nil, fmt.Errorf("%w: %w", errUsage, err)
	}
	if fs.NArg() > 0 {
		fmt.Fprintf(stderr, "proxy: unexpected argument %q\n", fs.Arg(0))
		fs.Usage()
		return "", "", nil, errUsage
	}
	if *length < 0 || *length > 7 {
		return "", "", nil, fmt.Errorf("-length %d: not in 0 to 7", *length)
	}
	if *quantity < 1 || *quantity > 6 {
		return "", "", nil, fmt.Errorf("-quantity %d: not in 1 to 6", *quantity)
	}
	if *name != "" && !keys.ValidName(*name) {
		return "", "", nil, fmt.Errorf("-name %q: not 1 to 64 lower-case letters, digits, '_' and '-'", *name)
	}
	ep.Name = *name
	ep.NoSecret = ep.Secret == ""
	ep.Inbound = sam.Tunnels{Length: *length, Quantity: *quantity}
	if *length == 0 {
		ep.Inbound.Length = -1
	}
	ep.Outbound = ep.Inbound
	level := slog.LevelInfo
	if *verbose {
		level = slog.LevelDebug
	}
	ep.Logger = slog.New(slog.NewTextHandler(stderr, &slog.HandlerOptions{Level: level}))
	if err := ownRouter(*router, ep, stderr); err != nil {
		return "", "", nil, err
	}
	ep.Hosts, err = readHosts(*hosts)
	return listen, status, ep, err
}

func readHosts(path string) (map[string]string, error) {
	if path == "" {
		return nil, nil
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	book, err := addrbook.ParseHosts(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	hosts := make(map[string]string, len(book))
	for name, address := range book {
		hosts[name] = address.Text()
	}
	return hosts, nil
}

// explain says what to do about a router that is not running.
func explain(err error, ep *i2psocks.Endpoint) error {
	own, ok := ep.Router.(*i2pd.Router)
	switch {
	case ok && errors.Is(own.Status().Err, i2pd.ErrNotFound):
		return fmt.Errorf("no router is running, and there is no i2pd to start: install i2pd, or give its path with -router: %w", err)
	case errors.Is(err, i2pd.ErrFewPeers):
		return fmt.Errorf("the private i2pd cannot build tunnels yet: connect this machine to the Internet and start again, with -dir, so that "+
			"i2pd keeps the routers that it finds; where reseed servers are blocked, run an i2pd with a reseed file, and give its address with -sam: %w", err)
	case ep.Router == nil && ep.I2CP != "" && errors.Is(err, dialer.ErrRouterDown):
		return fmt.Errorf("no I2CP at %s: start an I2P router and enable I2CP (i2pd: \"enabled = true\" under [i2cp] in i2pd.conf), "+
			"or give its address with -i2cp", ep.I2CP)
	case ep.Router == nil && errors.Is(err, dialer.ErrRouterDown):
		return fmt.Errorf("no SAM bridge at %s: start an I2P router and enable SAM "+
			"(i2pd: on, unless i2pd.conf says otherwise under [sam]; Java I2P: start \"SAM application bridge\" at http://127.0.0.1:7657/configclients), "+
			"or give its address with -sam", cmp.Or(ep.SAM, sam.DefaultAddress))
	}
	return err
}
