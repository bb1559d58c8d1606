package clients_test

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/socks"
)

// world is what a client finds: a SOCKS port, and what is to be fetched through it. It may be in
// this process, or in a network of real routers.
type world struct {
	proxy *url.URL                     // of the port, as from Proxy.URL
	env   func(base []string) []string // Proxy.Env
	web   string                       // the host that serves the page
	page  string                       // whose whole text is this
	shell string                       // the host that serves streams as the ssh client asks
	// accept serves one stream to shell.
	accept func() (net.Conn, error)
	post   string // the host that returns datagrams
	// visitor is the address of who asks. For BIND, dial is the dialer of somebody else, namely peer.
	visitor string
	peer    string
	dial    func(ctx context.Context, address string) (net.Conn, error)
	// command is [exec.CommandContext], for where the port is.
	command func(ctx context.Context, name string, args ...string) *exec.Cmd
	// direct opens connections to the port.
	direct forward
}

// site is who serves. Each service is an identity, as not all routers tell ports apart.
type site struct {
	page             string
	web, shell, post dialer.Addr
	shells           net.Listener
	ep               *i2psocks.Endpoint
}

// newSite serves a page, a stream and an echo of datagrams.
func newSite(t *testing.T, bridge *samtest.Bridge) *site {
	web, shell, mail := endpoint(t, bridge.Addr()), endpoint(t, bridge.Addr()), carrier(t, bridge)
	page := servePage(t, web)
	shells, err := shell.Listen(t.Context(), "tcp", ":22")
	require.NoError(t, err)
	post, err := mail.ListenPacket(t.Context(), "udp", ":0")
	require.NoError(t, err)
	echoed := make(chan struct{})
	go func() {
		defer close(echoed)
		buf := make([]byte, 1<<16)
		for {
			n, from, err := post.ReadFrom(buf)
			if err != nil {
				return
			}
			post.WriteTo(buf[:n], from)
		}
	}()
	t.Cleanup(func() {
		post.Close()
		<-echoed
	})
	return &site{page: page, web: web.Addr(), shell: shell.Addr(), shells: shells, post: post.LocalAddr().(dialer.Addr), ep: web}
}

// servePage serves a page of one's own, and returns it.
func servePage(t *testing.T, web *i2psocks.Endpoint) string {
	page := "<html><head></head><body>" + hex.EncodeToString(random(32<<10)) + "</body></html>"
	serve(t, web, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Header().Set("Content-Length", strconv.Itoa(len(page)))
		w.Header().Set("Connection", "close")
		io.WriteString(w, page)
	}))
	return page
}

// carrier returns an endpoint that knows where the bridge takes datagrams.
func carrier(t *testing.T, bridge *samtest.Bridge) *i2psocks.Endpoint {
	ep := endpoint(t, "")
	ep.Backend = &sam.Session{Address: bridge.Addr(), UDPAddress: bridge.UDPAddr()}
	return ep
}

// virtualPrefix is an address range for tests of networks, which nobody has. torsocks refuses loopback addresses.
var virtualPrefix = netip.MustParsePrefix("198.18.0.0/15")

// newWorld opens a port to the site. seen closes it and returns what it was asked.
func newWorld(t *testing.T, on port, bridge *samtest.Bridge, site *site) (w *world, seen func() []string) {
	var log requests
	ep := endpoint(t, bridge.Addr())
	if on == datagrams {
		ep = carrier(t, bridge)
	}
	ep.Hooks, ep.NoSecret = &socks.Hooks{Request: log.add}, on != secret
	ep.ConfigureSOCKS = func(s *socks.Server) { s.Allow = nil } // BIND too
	if on == virtual {
		ep.VirtualAddresses = virtualPrefix
	}
	network, address := "tcp", "127.0.0.1:0"
	if on == unix {
		network, address = "unix", filepath.Join(shortTemp(t), "s")
	}
	px, err := ep.ListenSOCKS(t.Context(), network, address)
	require.NoError(t, err)
	return &world{
		proxy: px.URL(), env: px.Env, web: "site.i2p", page: site.page, shell: "shell.i2p", accept: site.shells.Accept, post: site.post.Host,
		visitor: ep.Addr().Host,
		peer:    site.web.Host, dial: func(ctx context.Context, address string) (net.Conn, error) {
			return site.ep.DialContext(ctx, "tcp", address)
		},
		command: exec.CommandContext, direct: new(net.Dialer).DialContext,
	}, func() []string { return log.take(px) }
}

// shortTemp returns a folder whose path has room for a unix socket's name.
func shortTemp(t *testing.T) string {
	dir, err := os.MkdirTemp("", "s")
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, os.RemoveAll(dir)) })
	return dir
}

// requests notes what a port is asked.
type requests struct {
	mu   sync.Mutex
	seen []string
}

func (l *requests) add(ctx context.Context, r *socks.Request) context.Context {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s := asked(r); !slices.Contains(l.seen, s) {
		l.seen = append(l.seen, s)
	}
	return ctx
}

func (l *requests) take(px *i2psocks.Proxy) []string {
	px.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.seen
}

// asked prints a request: version, command and in which form the host came.
func asked(r *socks.Request) string {
	ip, _ := netip.ParseAddr(r.Host)
	form := anotherName
	switch {
	case virtualPrefix.Contains(ip) && !r.IP.IsValid():
		form = "virtual address as a name"
	case virtualPrefix.Contains(ip):
		form = "virtual address"
	case ip.IsUnspecified():
		form = "anybody"
	case ip.IsValid():
		form = "address"
	case r.Host == "site.i2p" || r.Host == "shell.i2p":
		form = "name"
	}
	return fmt.Sprintf("%s %s %s", r.Version, r.Command, form)
}

// anotherName is a host that no test asks for.
const anotherName = "another name"
