package i2psocks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/socks"
)

// exampleNetwork stands for the real network. It has one site, hello.i2p.
func exampleNetwork() (address string, end func()) {
	nw := samtest.NewNetwork()
	site := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()}
	for _, port := range []string{":80", ":6667"} {
		ln, err := site.Listen(context.Background(), "tcp", port)
		if err != nil {
			log.Fatal(err)
		}
		go http.Serve(ln, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "Hello!") }))
	}
	nw.SetHost("hello.i2p", site.Addr().Destination)
	return nw.Start(nil).Addr(), func() {
		site.Close()
		nw.Close()
	}
}

// One identity dials and listens; it is a net.Listener and a proxy.ContextDialer.
func Example() {
	address, end := exampleNetwork()
	defer end()
	ctx := context.Background()

	ep := &i2psocks.Endpoint{SAM: address} // set Name and Dir to keep the identity
	defer ep.Close()
	if err := ep.Up(ctx); err != nil { // waits for the tunnels
		log.Fatal(err)
	}
	conn, err := ep.DialContext(ctx, "tcp", "hello.i2p:6667")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(conn.RemoteAddr(), ep.Status().State)
	// Output: hello.i2p:6667 up
}

// The address of a listener is the base32 name of the identity.
func ExampleEndpoint_Listen() {
	address, end := exampleNetwork()
	defer end()

	ep := &i2psocks.Endpoint{SAM: address}
	defer ep.Close()
	ln, err := ep.Listen(context.Background(), "tcp", ":80")
	if err != nil {
		log.Fatal(err)
	}
	go http.Serve(ln, http.NotFoundHandler()) // RemoteAddr is who asks
	host, port, _ := net.SplitHostPort(ln.Addr().String())
	fmt.Println(len(host), strings.HasSuffix(host, ".b32.i2p"), port)
	// Output: 60 true 80
}

func ExampleEndpoint_HTTPClient() {
	address, end := exampleNetwork()
	defer end()

	ep := &i2psocks.Endpoint{SAM: address}
	defer ep.Close()
	resp, err := ep.HTTPClient().Get("http://hello.i2p/")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	fmt.Println(string(page), err)

	_, err = ep.HTTPClient().Get("https://example.com/")
	fmt.Println(err)
	// Output:
	// Hello! <nil>
	// Get "https://example.com/": dial i2p: not an I2P address: i2phost: not an I2P host: its name does not end in .i2p
}

// Accounts that must not be linked use isolated identities.
func ExampleEndpoint_Isolate() {
	address, end := exampleNetwork()
	defer end()

	ep := &i2psocks.Endpoint{SAM: address}
	defer ep.Close()
	alice, bob := ep.Isolate("alice"), ep.Isolate("bob")
	conn, err := alice.DialContext(context.Background(), "tcp", "hello.i2p:6667")
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	fmt.Println(conn.LocalAddr().String() == alice.Addr().String())
	fmt.Println(alice.Addr() == ep.Isolate("alice").Addr(), alice.Addr() == bob.Addr(), alice.Addr() == ep.Addr())
	// Output:
	// true
	// true false false
}

// A SOCKS port serves programs in other languages, such as a child process.
func ExampleEndpoint_ListenSOCKS() {
	address, end := exampleNetwork()
	defer end()
	ctx := context.Background()

	ep := &i2psocks.Endpoint{SAM: address}
	defer ep.Close()
	px, err := ep.ListenSOCKS(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	defer px.Shutdown(ctx)

	// Any SOCKS client will do: this is the one of net/http.
	client := http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(px.URL()), DisableKeepAlives: true}}
	resp, err := client.Get("http://hello.i2p/")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	fmt.Println(string(page), err)
	// Output: Hello! <nil>
}

// A port for few clients that can connect to web sites only.
func ExampleEndpoint_configureSOCKS() {
	address, end := exampleNetwork()
	defer end()

	ep := &i2psocks.Endpoint{SAM: address, ConfigureSOCKS: func(s *socks.Server) {
		s.MaxConns, s.IdleTimeout = 100, 5*time.Minute
		s.Allow = socks.All(socks.Commands(socks.Connect), socks.Ports(80, 443))
	}}
	defer ep.Close()
	px, err := ep.ListenSOCKS(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	password, _ := px.URL().User.Password()
	d := &socks.Dialer{Address: px.Addr().String(), Username: "me", Password: password}
	_, err = d.Dial("tcp", "hello.i2p:6667")
	fmt.Println(strings.HasSuffix(err.Error(), "not allowed by ruleset"))
	// Output: true
}

// A socket that systemd passes is file 3, which net.FileListener accepts.
func ExampleEndpoint_ServeSOCKS() {
	ln, err := net.Listen("tcp", "127.0.0.1:0") // net.FileListener(os.NewFile(3, "socks"))
	if err != nil {
		log.Fatal(err)
	}
	ep := new(i2psocks.Endpoint)
	defer ep.Close()
	px, err := ep.ServeSOCKS(context.Background(), ln)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(px.Addr() == ln.Addr(), px.URL().Scheme)
	px.Close()
	<-px.Done()
	fmt.Println(px.Err())
	// Output:
	// true socks5h
	// <nil>
}

// A child process uses the port, whatever proxies the environment of this program names.
func ExampleProxy_Env() {
	ep := new(i2psocks.Endpoint)
	defer ep.Close()
	px, err := ep.ListenSOCKS(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	cmd := exec.Command("curl", "http://hello.i2p/")
	cmd.Env = px.Env(append(os.Environ(), "http_proxy=http://proxy.example:3128", "no_proxy=*"))
	for _, entry := range cmd.Env {
		if name, value, _ := strings.Cut(entry, "="); name == "http_proxy" || name == "no_proxy" {
			fmt.Println(name, value == px.URL().String(), value == "")
		}
	}
	// Output:
	// http_proxy true false
	// no_proxy false true
}

// Names that the program defines are looked up locally, without a router.
func ExampleEndpoint_LookupAddr() {
	address, end := exampleNetwork()
	defer end()
	const forum = "baz5fnifptdznvtavtm5kvpi3lhn54pxhfpwvifwtlx564e272yq.b32.i2p"

	var own addrbook.Hosts
	ep := &i2psocks.Endpoint{
		SAM:   address,
		Hosts: map[string]string{"forum.i2p": forum},
		Book:  &addrbook.Book{Sources: []addrbook.Source{&own}}, // asked in place of the router
	}
	defer ep.Close()
	b32, err := ep.LookupAddr(context.Background(), "forum.i2p")
	fmt.Println(b32 == forum, err)
	_, err = ep.LookupAddr(context.Background(), "hello.i2p")
	fmt.Println(errors.Is(err, dialer.ErrNameNotFound))
	// Output:
	// true <nil>
	// true
}

// Datagrams are sent between identities.
func ExampleEndpoint_ListenPacket() {
	nw := samtest.NewNetwork()
	defer nw.Close()
	ctx := context.Background()
	open := func() *i2psocks.Endpoint {
		bridge := nw.Start(nil)
		return &i2psocks.Endpoint{SAM: bridge.Addr(), Configure: func(s *sam.Session) {
			s.UDPAddress = bridge.UDPAddr() // which is found by itself on a real router
		}}
	}
	one, two := open(), open()
	defer one.Close()
	defer two.Close()

	from, err := one.ListenPacket(ctx, "udp", ":0")
	if err != nil {
		log.Fatal(err)
	}
	to, err := two.ListenPacket(ctx, "udp", ":0")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := from.WriteTo([]byte("hi"), to.LocalAddr()); err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 1<<15)
	to.SetReadDeadline(time.Now().Add(time.Minute))
	n, sender, err := to.ReadFrom(buf)
	fmt.Println(string(buf[:n]), strings.Split(sender.String(), ":")[0] == strings.Split(from.LocalAddr().String(), ":")[0], err)
	// Output: hi true <nil>
}

// A URL in a configuration file describes an endpoint.
func ExampleFromURL() {
	u, err := url.Parse("sam://127.0.0.1:7656?name=bot&dir=/var/lib/bot&timeout=90s")
	if err != nil {
		log.Fatal(err)
	}
	ep, err := i2psocks.FromURL(u)
	if err != nil {
		log.Fatal(err)
	}
	defer ep.Close()
	fmt.Println(ep.SAM, ep.Name, ep.Dir, ep.DialTimeout)
	// Output: 127.0.0.1:7656 bot /var/lib/bot 1m30s
}
