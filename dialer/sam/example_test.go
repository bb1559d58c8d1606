package sam_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// A service and a visitor, on simulated routers. On a machine with a router the zero Session connects to it.
func ExampleSession() {
	nw := samtest.NewNetwork()
	defer nw.Close()
	ctx := context.Background()
	service := &sam.Session{Address: nw.Start(nil).Addr()}
	defer service.Close()
	ln, err := service.Listen(ctx, "tcp", ":80")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		defer conn.Close()
		io.WriteString(conn, "hello") // conn.RemoteAddr is the visitor's base32 name
	}()

	visitor := &sam.Session{Address: nw.Start(nil).Addr()}
	defer visitor.Close()
	conn, err := visitor.DialContext(ctx, "tcp", ln.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	answer, err := io.ReadAll(conn)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(answer))

	_, err = visitor.DialContext(ctx, "tcp", "nobody.i2p:80")
	fmt.Println(errors.Is(err, dialer.ErrNameNotFound))
	// Output:
	// hello
	// true
}
