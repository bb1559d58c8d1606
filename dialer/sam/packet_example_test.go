package sam_test

import (
	"context"
	"fmt"
	"log"

	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// Datagrams have a sender, who can be answered. A real program leaves out the network, and
// Address and UDPAddress with it.
func ExampleSession_ListenPacket() {
	nw := samtest.NewNetwork()
	defer nw.Close()
	router := nw.Start(nil)

	server := &sam.Session{Address: router.Addr(), UDPAddress: router.UDPAddr()}
	defer server.Close()
	questions, err := server.ListenPacket(context.Background(), "udp", ":53")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		buf := make([]byte, 1024)
		for {
			n, from, err := questions.ReadFrom(buf)
			if err != nil {
				return
			}
			questions.WriteTo(append([]byte("you asked "), buf[:n]...), from)
		}
	}()

	client := &sam.Session{Address: router.Addr(), UDPAddress: router.UDPAddr()}
	defer client.Close()
	pc, err := client.ListenPacket(context.Background(), "udp", ":0")
	if err != nil {
		log.Fatal(err)
	}
	if _, err := pc.WriteTo([]byte("how are you?"), questions.LocalAddr()); err != nil {
		log.Fatal(err)
	}
	buf := make([]byte, 1024)
	n, from, err := pc.ReadFrom(buf)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Printf("%s\n", buf[:n])
	fmt.Println(from == questions.LocalAddr())
	// Output:
	// you asked how are you?
	// true
}
