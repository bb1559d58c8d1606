// Command quickstart shows what the library does, on an I2P network inside the process. It needs no router;
// with -sam it uses a real one. Its arguments, if there are any, are a program that it runs as a child process:
//
//	quickstart curl http://hello.i2p/
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/socks"
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
		fmt.Fprintln(os.Stderr, "quickstart:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("quickstart", flag.ContinueOnError)
	fs.SetOutput(stderr)
	address := fs.String("sam", "", "SAM `address` of a real router (default: a network inside the process)")
	once := fs.Bool("once", false, "exit after the demonstration")
	fs.Usage = func() {
		fmt.Fprintln(stderr, "Usage: quickstart [options] [PROGRAM [ARGUMENT...]]")
		fs.PrintDefaults()
	}
	if err := fs.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if *address == "" {
		network := samtest.NewNetwork()
		defer network.Close()
		*address = network.Start(nil).Addr()
	}

	// The site, with an identity of its own.
	site := &i2psocks.Endpoint{SAM: *address, Name: "site"}
	defer site.Close()
	ln, err := site.Listen(ctx, "tcp", ":80")
	if err != nil {
		return err
	}
	go http.Serve(ln, http.HandlerFunc(hello))
	fmt.Fprintln(stdout, "hello.i2p is", site.Addr().Host)

	// The visitor, with another one, and its SOCKS port.
	visitor := &i2psocks.Endpoint{SAM: *address, Name: "visitor", Hosts: map[string]string{"hello.i2p": site.Addr().Host}}
	defer visitor.Close()
	px, err := visitor.ListenSOCKS(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if err := visitor.Up(ctx); err != nil {
		return err
	}
	if fs.NArg() > 0 {
		child := exec.CommandContext(ctx, fs.Arg(0), fs.Args()[1:]...)
		child.Env, child.Stdout, child.Stderr = px.Env(os.Environ()), stdout, stderr
		return child.Run()
	}
	if err := demonstrate(ctx, visitor, px, stdout); err != nil {
		return err
	}
	fmt.Fprintf(stdout, "\nTry it yourself:\n  curl --proxy %s http://hello.i2p/\n", px.URL())
	if !*once {
		fmt.Fprintln(stdout, "Serving until interrupted.")
		<-ctx.Done()
	}
	return nil
}

// hello greets a visitor by its address: all that a site learns of it.
func hello(w http.ResponseWriter, r *http.Request) {
	fmt.Fprintf(w, "Hello, %s", strings.TrimSuffix(r.RemoteAddr, ":0"))
}

func demonstrate(ctx context.Context, ep *i2psocks.Endpoint, px *i2psocks.Proxy, w io.Writer) error {
	user := px.URL().User.Username()
	secret, _ := px.URL().User.Password()
	client := socks.Dialer{Address: px.Addr().String(), Username: user, Password: secret}
	v4a, alice, bob := client, client, client
	v4a.Version = socks.SOCKS4a
	alice.Username, bob.Username = "alice", "bob" // each user name has an identity of its own
	for _, way := range []struct {
		name string
		d    proxy.ContextDialer
	}{{"in this process", ep}, {"through SOCKS 5", &client}, {"through SOCKS 4a", &v4a}, {"as user alice", &alice}, {"as user bob", &bob}} {
		page, err := fetch(ctx, way.d, "http://hello.i2p/")
		if err != nil {
			return fmt.Errorf("%s: %w", way.name, err)
		}
		fmt.Fprintf(w, "%-17s %s\n", way.name+":", page)
	}
	_, err := fetch(ctx, &client, "http://example.com/")
	if err == nil {
		return errors.New("clearnet was not refused")
	}
	fmt.Fprintf(w, "%-17s %v\n", "clearnet:", err)
	return nil
}

func fetch(ctx context.Context, d proxy.ContextDialer, address string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 4*time.Minute) // more than any dial inside has
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return "", err
	}
	client := &http.Client{Transport: &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}}
	resp, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	return string(page), err
}
