// Command caddy is a Caddy that serves sites in I2P, and reaches sites in I2P as a reverse proxy. It reloads its
// configuration on SIGHUP.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/caddyserver/caddy/v2"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp"
	_ "github.com/caddyserver/caddy/v2/modules/caddyhttp/headers"
	"github.com/caddyserver/caddy/v2/modules/caddyhttp/reverseproxy"

	"github.com/go-i2p/i2psocks/dialer/sam"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	address := flag.String("sam", sam.DefaultAddress, "SAM `address`: IP:port or unix:PATH")
	dir := flag.String("dir", "state", "`directory` of the keys")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "Usage: caddy [options] CONFIG.json")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	reload := make(chan os.Signal, 1)
	signal.Notify(reload, syscall.SIGHUP)
	ids := newIdentities(*address, *dir)
	defer ids.close()
	ids.register()
	if err := serve(ctx, ids, flag.Arg(0), reload); err != nil {
		fmt.Fprintln(os.Stderr, "caddy:", err)
		ids.close()
		os.Exit(1)
	}
}

// register makes known to Caddy, of which a process has one, the network "i2p" and the transport "i2p" of reverse_proxy.
func (i *identities) register() {
	caddy.RegisterNetwork("i2p", i.listen)
	caddy.RegisterModule(&transport{identities: i})
}

// serve runs a configuration until the context ends. One that is no good is not put in the place of that which runs.
func serve(ctx context.Context, ids *identities, file string, reload <-chan os.Signal) error {
	load := func() error {
		config, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return caddy.Load(config, true)
	}
	if err := load(); err != nil {
		return err
	}
	defer caddy.Stop()
	for {
		fmt.Println(ids.sites())
		select {
		case <-reload:
			if err := load(); err != nil {
				fmt.Fprintln(os.Stderr, "caddy: as before:", err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

// sites returns what is listened on, as "blog:80=http://….b32.i2p:80", in the order of names.
func (i *identities) sites() (sites []string) {
	i.listeners.Range(func(key, value any) bool {
		sites = append(sites, fmt.Sprintf("%s=http://%s", key, value.(*shared).Addr()))
		return true
	})
	slices.Sort(sites)
	return sites
}

// transport lets reverse_proxy reach sites in I2P, as an identity: give it another than that of a site, or the upstream knows who asks.
// What tells of visitors, such as X-Forwarded-For, is left out, as is all that Endpoint.HTTPClient leaves out.
type transport struct {
	Identity string `json:"identity,omitempty"`

	identities *identities
	through    http.RoundTripper
}

// CaddyModule is how Caddy knows it.
func (t *transport) CaddyModule() caddy.ModuleInfo {
	return caddy.ModuleInfo{ID: "http.reverse_proxy.transport.i2p", New: func() caddy.Module { return &transport{identities: t.identities} }}
}

// Provision is called when a configuration is loaded.
func (t *transport) Provision(caddy.Context) error {
	if t.Identity == "" {
		return errors.New("the transport needs an identity")
	}
	t.through = t.identities.endpoint(t.Identity).HTTPClient().Transport
	return nil
}

func (t *transport) RoundTrip(r *http.Request) (*http.Response, error) {
	upstream, ok := reverseproxy.GetDialInfo(r.Context())
	if !ok {
		return nil, errors.New("no upstream")
	}
	r = r.Clone(r.Context())
	r.URL.Scheme, r.URL.Host = "http", upstream.Address
	return t.through.RoundTrip(r)
}
