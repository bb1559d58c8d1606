package i2psocks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/socks"
)

// TestWaysHaveExamples: whatever an Endpoint and a Proxy can do is done by an example.
func TestWaysHaveExamples(t *testing.T) {
	var examples []byte
	files, err := filepath.Glob("example*_test.go")
	require.NoError(t, err)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		examples = append(examples, text...)
	}
	for _, kind := range []reflect.Type{reflect.TypeFor[*i2psocks.Endpoint](), reflect.TypeFor[*i2psocks.Proxy]()} {
		for i := range kind.NumMethod() {
			switch name := kind.Method(i).Name; name {
			case "Format", "Abort", "EncryptedHost": // sam.Session has one
			default:
				assert.Contains(t, string(examples), "."+name+"(", kind)
			}
		}
	}
}

// The zero value has a new identity. With Name and Dir the identity survives a restart.
func ExampleEndpoint() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	who := func(ep *i2psocks.Endpoint) string { // the identity is there before the router is
		defer ep.Close()
		return ep.Addr().Host
	}
	state := filepath.Join(dir, "state")
	bot := who(&i2psocks.Endpoint{Name: "bot", Dir: state})
	fmt.Println(bot == who(&i2psocks.Endpoint{Name: "bot", Dir: state}))
	somebody := who(new(i2psocks.Endpoint))
	fmt.Println(somebody == who(new(i2psocks.Endpoint)))
	// Output:
	// true
	// false
}

// Anything that accepts a dial function can use I2P, such as an http.Transport.
func ExampleEndpoint_DialContext() {
	address, end := exampleNetwork()
	defer end()
	ep := &i2psocks.Endpoint{SAM: address}
	defer ep.Close()
	client := http.Client{Transport: &http.Transport{DialContext: ep.DialContext, DisableKeepAlives: true}}
	resp, err := client.Get("http://hello.i2p/")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	page, err := io.ReadAll(resp.Body)
	fmt.Println(string(page), err)
	// Output: Hello! <nil>
}

// What takes a proxy.Dialer can, too. Failures are told apart by errors.Is.
func ExampleEndpoint_Dial() {
	address, end := exampleNetwork()
	defer end()
	ep := &i2psocks.Endpoint{SAM: address}
	defer ep.Close()
	for _, host := range []string{"nobody.i2p:80", "example.com:80", "192.0.2.7:80"} {
		_, err := ep.Dial("tcp", host)
		fmt.Println(errors.Is(err, dialer.ErrNameNotFound), errors.Is(err, dialer.ErrNotI2P))
	}
	// Output:
	// true false
	// false true
	// false true
}

// A daemon that starts before its router waits for it.
func ExampleEndpoint_Up() {
	bridge := samtest.NewNetwork().Start(nil)
	ep := &i2psocks.Endpoint{SAM: bridge.Addr(), AwaitRouter: true}
	bridge.Kill() // it is not there yet
	defer ep.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Millisecond)
	defer cancel()
	err := ep.Up(ctx)
	fmt.Println(errors.Is(err, dialer.ErrRouterDown), errors.Is(err, context.DeadlineExceeded))
	// Output: true true
}

// Over I2CP one side can end while the other goes on.
func ExampleEndpoint_i2cp() {
	nw := i2cptest.NewNetwork() // plays two routers
	defer nw.Close()
	site := &i2psocks.Endpoint{I2CP: nw.Start(nil).Addr()}
	defer site.Close()
	ln, err := site.Listen(context.Background(), "tcp", ":7")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		if conn, err := ln.Accept(); err == nil {
			defer conn.Close()
			io.Copy(conn, conn)
		}
	}()
	ep := &i2psocks.Endpoint{I2CP: nw.Start(nil).Addr()}
	defer ep.Close()
	conn, err := ep.Dial("tcp", ln.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "echo")
	conn.(interface{ CloseWrite() error }).CloseWrite()
	answer, err := io.ReadAll(conn)
	fmt.Println(string(answer), err)
	// Output: echo <nil>
}

// ownRouter is what a program has that brings its own; *i2pd.Router is one.
type ownRouter struct{ *samtest.Bridge }

func (r ownRouter) DialSAM(ctx context.Context) (net.Conn, error) { return r.Dial(ctx) }
func (r ownRouter) Close() error                                  { r.Kill(); return nil }

// A router of the program's own is started if none answers, and ends with the endpoint.
func ExampleEndpoint_router() {
	absent := samtest.NewNetwork().Start(nil)
	ep := &i2psocks.Endpoint{SAM: absent.Addr(), Router: ownRouter{samtest.NewNetwork().Start(nil)}}
	absent.Kill()
	defer ep.Close()
	fmt.Println(ep.Up(context.Background()), ep.Status().State)
	// Output: <nil> up
}

// Hooks see what becomes of each request, and Status has the sums.
func ExampleEndpoint_hooks() {
	address, end := exampleNetwork()
	defer end()
	over := make(chan socks.Report, 1)
	ep := &i2psocks.Endpoint{SAM: address, Hooks: &socks.Hooks{Done: func(_ context.Context, r socks.Report) { over <- r }}}
	defer ep.Close()
	px, err := ep.ListenSOCKS(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	password, _ := px.URL().User.Password()
	d := &socks.Dialer{Address: px.Addr().String(), Username: "me", Password: password}
	_, err = d.Dial("tcp", "example.com:80")
	r := <-over
	fmt.Println(err != nil, r.Command, r.Reply)
	fmt.Println(px.Status().Failed)
	// Output:
	// true CONNECT not allowed by ruleset
	// 1
}

// Each user name at one port is an identity of its own.
func ExampleEndpoint_IsolatedStatus() {
	address, end := exampleNetwork()
	defer end()
	ep := &i2psocks.Endpoint{SAM: address}
	defer ep.Close()
	px, err := ep.ListenSOCKS(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		log.Fatal(err)
	}
	password, _ := px.URL().User.Password()
	for _, user := range []string{"alice", "bob", "alice"} {
		d := &socks.Dialer{Address: px.Addr().String(), Username: user, Password: password}
		conn, err := d.Dial("tcp", "hello.i2p:6667")
		if err != nil {
			log.Fatal(err)
		}
		conn.Close()
	}
	fmt.Println(len(ep.IsolatedStatus()))
	// Output: 2
}

// A Secret is not printed by accident.
func ExampleSecret() {
	ep := &i2psocks.Endpoint{Secret: "correct horse"}
	defer ep.Close()
	fmt.Printf("%v %q\n", ep.Secret, []any{ep.Secret})
	fmt.Println(string(ep.Secret))
	// Output:
	// [secret] [[secret]]
	// correct horse
}
