// Command client fetches a page in I2P with a proxy.ContextDialer: over SAM, or through any SOCKS port.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"syscall"

	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/socks"
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
		fmt.Fprintln(os.Stderr, "client:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdout, stderr io.Writer) error {
	fs := flag.NewFlagSet("client", flag.ContinueOnError)
	fs.SetOutput(stderr)
	fs.Usage = func() {
		fmt.Fprintln(stderr, "Usage: client [-sam ADDRESS | -socks URL] http://NAME.i2p/")
		fs.PrintDefaults()
	}
	var ep i2psocks.Endpoint
	fs.StringVar(&ep.SAM, "sam", "", "SAM `address` (default 127.0.0.1:7656)")
	via := fs.String("socks", "", "SOCKS `URL` to use instead, such as socks5h://user:secret@127.0.0.1:4447")
	if err := fs.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if fs.NArg() != 1 {
		fs.Usage()
		return errUsage
	}
	defer ep.Close()
	var d proxy.ContextDialer = &ep
	if *via != "" {
		u, err := url.Parse(*via)
		if err != nil || u.Host == "" {
			return errors.New("-socks: not a URL such as socks5h://user:secret@127.0.0.1:4447") // an error of url.Parse would show the secret
		}
		if d, err = throughSOCKS(u); err != nil {
			return err
		}
	}
	return fetch(ctx, d, fs.Arg(0), stdout)
}

// versions are the URL schemes, of curl and of net/http, for proxies that resolve names.
var versions = map[string]socks.Version{"socks5h": socks.SOCKS5, "socks5": socks.SOCKS5, "socks4a": socks.SOCKS4a}

func throughSOCKS(u *url.URL) (proxy.ContextDialer, error) {
	version, ok := versions[u.Scheme]
	if !ok {
		return nil, fmt.Errorf("-socks: scheme %q is not socks5h, socks5 or socks4a", u.Scheme)
	}
	password, _ := u.User.Password()
	return &socks.Dialer{Version: version, Address: u.Host, Username: u.User.Username(), Password: password}, nil
}

func fetch(ctx context.Context, d proxy.ContextDialer, address string, w io.Writer) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	client := &http.Client{Transport: &http.Transport{
		DialContext: d.DialContext, DisableKeepAlives: true,
		// With nil RootCAs, Go may use the system's verifier, which may fetch certificates over the clearnet. Add those of sites that you know.
		TLSClientConfig: &tls.Config{RootCAs: x509.NewCertPool()},
	}}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(w, resp.Body)
	return err
}
