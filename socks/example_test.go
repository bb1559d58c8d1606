package socks_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"golang.org/x/net/proxy"
)

// greeter stands for a real backend: every peer says its address and closes.
type greeter struct{}

func (greeter) DialContext(_ context.Context, _, address string) (net.Conn, error) {
	near, far := sockstest.Pipe()
	io.WriteString(far, "this is "+address)
	return near, far.Close()
}

func ExampleServer() {
	srv := &socks.Server{
		Dialer:       greeter{},
		Authenticate: socks.Secret("token"), // any username, this password
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	served := make(chan error)
	go func() { served <- srv.Serve(ln) }()

	client := &socks.Dialer{Address: ln.Addr().String(), Username: "alice", Password: "token"}
	for _, host := range []string{"stats.i2p:80", "example.com:80"} {
		conn, err := client.Dial("tcp", host)
		if err != nil {
			fmt.Println(err)
			continue
		}
		text, _ := io.ReadAll(conn)
		conn.Close()
		fmt.Println(string(text))
	}

	if err := srv.Shutdown(context.Background()); err != nil {
		fmt.Println(err)
	}
	fmt.Println(<-served)
	// Output:
	// this is stats.i2p:80
	// dial tcp example.com:80: socks: not allowed by ruleset
	// socks: server closed
}

func ExampleDialer() {
	// The server's end of a connection in memory, in place of a port somewhere.
	near, far := sockstest.Pipe()
	srv := &socks.Server{Dialer: greeter{}}
	go srv.ServeConn(context.Background(), far)
	defer srv.Shutdown(context.Background())

	client := &socks.Dialer{
		Version: socks.SOCKS4a,
		Forward: dial(func(context.Context, string, string) (net.Conn, error) { return near, nil }),
	}
	conn, err := client.DialContext(context.Background(), "tcp", "stats.i2p:80")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	text, _ := io.ReadAll(conn)
	fmt.Println(string(text))
	// Output:
	// this is stats.i2p:80
}

// One credential per account keeps the accounts apart.
func ExampleServer_select() {
	srv := &socks.Server{Select: func(_ context.Context, r *socks.Request) (proxy.ContextDialer, error) {
		fmt.Println("identity of", r.Username)
		return greeter{}, nil
	}}
	near, far := sockstest.Pipe()
	go srv.ServeConn(context.Background(), far)
	defer srv.Shutdown(context.Background())

	client := &socks.Dialer{
		Username: "account-42",
		Forward:  dial(func(context.Context, string, string) (net.Conn, error) { return near, nil }),
	}
	conn, err := client.Dial("tcp", "irc.example.i2p:6667")
	if err != nil {
		fmt.Println(err)
		return
	}
	conn.Close()
	// Output:
	// identity of account-42
}

// Only two sites, only by HTTP.
func ExampleAll() {
	allow := socks.All(socks.I2POnly, socks.Ports(80), socks.Hosts("stats.i2p", ".example.i2p"))
	for _, r := range []socks.Request{
		{Command: socks.Connect, Host: "Stats.i2p", Port: 80},
		{Command: socks.Connect, Host: "www.example.i2p", Port: 80},
		{Command: socks.Connect, Host: "stats.i2p", Port: 6667},
		{Command: socks.Connect, Host: "example.com", Port: 80},
	} {
		fmt.Println(r.Addr(), allow(context.Background(), &r) == nil)
	}
	// Output:
	// Stats.i2p:80 true
	// www.example.i2p:80 true
	// stats.i2p:6667 false
	// example.com:80 false
}

// switchboard stands for a real backend that can also look names up.
type switchboard struct{ greeter }

func (switchboard) LookupAddr(context.Context, string) (string, error) {
	return "4ryxrtyrhysrkv4w3xqmqvw2mgzbp5qlmbxkdfq7y5rhbq5vw5qa.b32.i2p", nil
}

// A program that knows addresses only gets one that leads back to the host.
func ExampleServer_virtualAddresses() {
	srv := &socks.Server{Dialer: switchboard{}, SessionGroup: 1, VirtualAddresses: netip.MustParsePrefix("127.192.0.0/10")}
	defer srv.Shutdown(context.Background())
	client := &socks.Dialer{Forward: dial(func(context.Context, string, string) (net.Conn, error) {
		near, far := sockstest.Pipe()
		go srv.ServeConn(context.Background(), far)
		return near, nil
	})}
	address, err := client.Resolve(context.Background(), "stats.i2p")
	if err != nil {
		fmt.Println(err)
		return
	}
	client.Version = socks.SOCKS4
	conn, err := client.Dial("tcp", net.JoinHostPort(address, "80"))
	if err != nil {
		fmt.Println(err)
		return
	}
	defer conn.Close()
	text, _ := io.ReadAll(conn)
	fmt.Println(string(text))
	// Output:
	// this is stats.i2p:80
}
