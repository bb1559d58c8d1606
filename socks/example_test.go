package socks_test

import (
	"context"
	"fmt"
	"io"
	"net"

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
