package i2cp_test

import (
	"context"
	"fmt"
	"io"
	"log"

	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/keys"
)

// A service and a visitor, each on a router of its own, which are played here.
func ExampleSession() {
	nw := i2cptest.NewNetwork()
	defer nw.Close()
	ctx := context.Background()
	service := &i2cp.Session{Address: nw.Start(nil).Addr()}
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
		question, _ := io.ReadAll(conn) // to the end of what the visitor says
		fmt.Fprintf(conn, "you said %q", question)
	}()

	visitor := &i2cp.Session{Address: nw.Start(nil).Addr()}
	defer visitor.Close()
	conn, err := visitor.DialContext(ctx, "tcp", ln.Addr().String())
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	io.WriteString(conn, "hello")
	conn.(interface{ CloseWrite() error }).CloseWrite()
	answer, err := io.ReadAll(conn)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(string(answer))
	// Output: you said "hello"
}

// agent signs somewhere else.
type agent struct{ id keys.Identity }

func (a agent) Destination() keys.Destination       { return a.id.Destination() }
func (a agent) Sign(message []byte) ([]byte, error) { return a.id.Sign(message) } // over a socket, say

// The signing key need not be in the process.
func ExampleSession_signer() {
	nw := i2cptest.NewNetwork()
	defer nw.Close()
	id, err := keys.Generate()
	if err != nil {
		log.Fatal(err)
	}
	s := &i2cp.Session{Address: nw.Start(nil).Addr(), Signer: agent{id}}
	defer s.Close()
	if err := s.Up(context.Background()); err != nil {
		log.Fatal(err)
	}
	fmt.Println(s.Addr().Destination == id.Destination())
	// Output: true
}
