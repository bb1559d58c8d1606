package samtest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// client is the least that a SAM client can be.
type client struct {
	net.Conn
	r *bufio.Reader
}

func connect(b *samtest.Bridge) client {
	nc, err := b.Dial(context.Background())
	if err != nil {
		panic(err)
	}
	c := client{nc, bufio.NewReader(nc)}
	c.ask("HELLO VERSION MIN=3.1 MAX=3.3")
	return c
}

func (c client) ask(line string) string {
	fmt.Fprintln(c, line)
	return c.line()
}

func (c client) line() string {
	line, _ := c.r.ReadString('\n')
	return strings.TrimSpace(line)
}

// Two sessions on two bridges talk over a stream.
func Example() {
	nw := samtest.NewNetwork()
	defer nw.Close()
	here, there := nw.Start(nil), nw.Start(nil)

	server := connect(there)
	defer server.Close()
	server.ask("SESSION CREATE STYLE=STREAM ID=5d8f3a61c2e94b7089fa31d5e6b7c204 DESTINATION=TRANSIENT SIGNATURE_TYPE=7")
	nw.SetHost("example.i2p", there.Sessions()[0].Destination)
	incoming := connect(there)
	defer incoming.Close()
	fmt.Println(incoming.ask("STREAM ACCEPT ID=5d8f3a61c2e94b7089fa31d5e6b7c204"))

	visitor := connect(here)
	defer visitor.Close()
	visitor.ask("SESSION CREATE STYLE=STREAM ID=90bce1f7d24a58366e1fa07cb35d8e92 DESTINATION=TRANSIENT SIGNATURE_TYPE=7")
	outgoing := connect(here)
	fmt.Println(outgoing.ask("STREAM CONNECT ID=90bce1f7d24a58366e1fa07cb35d8e92 DESTINATION=example.i2p"))
	fmt.Fprintln(outgoing, "hello")
	outgoing.Close()

	peer := incoming.line()
	fmt.Println(strings.HasPrefix(peer, here.Sessions()[0].Destination.Base64()))
	said, _ := io.ReadAll(incoming.r)
	fmt.Printf("%q\n", said)
	fmt.Println(nw.Violations())
	// Output:
	// STREAM STATUS RESULT=OK
	// STREAM STATUS RESULT=OK
	// true
	// "hello\n"
	// []
}

// A bridge fails as it is told to.
func ExampleBridge_Inject() {
	nw := samtest.NewNetwork()
	defer nw.Close()
	b := nw.Start(nil)
	b.Inject(samtest.Fault{On: "NAMING LOOKUP", Result: "I2P_ERROR", Message: "router is busy"})

	c := connect(b)
	defer c.Close()
	fmt.Println(c.ask("NAMING LOOKUP NAME=example.i2p"))
	fmt.Println(c.ask("NAMING LOOKUP NAME=example.i2p"))
	fmt.Println(b.Count("NAMING LOOKUP"))
	// Output:
	// NAMING REPLY RESULT=I2P_ERROR NAME=example.i2p MESSAGE="router is busy"
	// NAMING REPLY RESULT=KEY_NOT_FOUND NAME=example.i2p
	// 2
}
