// Command quic sends a line to a QUIC server in I2P and prints the answer; without a target it is such a server, and prints
// its address.
package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/big"
	"net"
	"os"
	"os/signal"
	"time"

	"github.com/quic-go/quic-go"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/sam"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	address := flag.String("sam", sam.DefaultAddress, "SAM `address`: IP:port or unix:PATH")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "Usage: quic [options] [HOST.b32.i2p]")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() > 1 {
		flag.Usage()
		os.Exit(2)
	}
	ep := &i2psocks.Endpoint{SAM: *address}
	defer ep.Close()
	if err := run(ctx, ep, flag.Arg(0)); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "quic:", err)
		ep.Close()
		os.Exit(1)
	}
}

func run(ctx context.Context, ep *i2psocks.Endpoint, b32 string) error {
	packets, err := ep.ListenPacket(ctx, "udp", ":0") // datagrams that tell their sender; RAW ones do not
	if err != nil {
		return err
	}
	defer packets.Close()
	if b32 == "" {
		fmt.Println(packets.LocalAddr())
		return serve(ctx, packets)
	}
	answer, err := ask(ctx, packets, b32, "hello")
	if err == nil {
		fmt.Println(answer)
	}
	return err
}

const protocol = "i2psocks-example"

// settings are those of quic-go for I2P: a tunnel is slow, and a handshake takes several turns of it.
func settings() *quic.Config {
	return &quic.Config{HandshakeIdleTimeout: time.Minute, MaxIdleTimeout: 5 * time.Minute, KeepAlivePeriod: time.Minute}
}

// patient is a net.PacketConn whose packets are lost, and sent again by QUIC, while the router has yet to find the peer. An error of a
// write is the end of a connection for quic-go.
type patient struct{ net.PacketConn }

func (c patient) WriteTo(p []byte, to net.Addr) (int, error) {
	n, err := c.PacketConn.WriteTo(p, to)
	if errors.Is(err, dialer.ErrLeaseSetNotFound) {
		return len(p), nil
	}
	return n, err
}

// ask opens a connection to a base32 name, sends a line and returns the answer. No name is looked up: the address is the name.
func ask(ctx context.Context, packets net.PacketConn, b32, line string) (string, error) {
	transport := &quic.Transport{Conn: patient{packets}}
	defer transport.Close()
	conn, err := transport.Dial(ctx, dialer.Addr{Host: b32}, &tls.Config{
		NextProtos: []string{protocol}, ServerName: "i2p", MinVersion: tls.VersionTLS13,
		InsecureSkipVerify: true, // the address is the server's key, and I2P has checked it
	}, settings())
	if err != nil {
		return "", err
	}
	defer conn.CloseWithError(0, "")
	stream, err := conn.OpenStreamSync(ctx)
	if err != nil {
		return "", err
	}
	if _, err := io.WriteString(stream, line); err != nil {
		return "", err
	}
	stream.Close()
	answer, err := io.ReadAll(stream)
	return string(answer), err
}

// serve sends back what comes, until the context ends.
func serve(ctx context.Context, packets net.PacketConn) error {
	certificate, err := selfSigned()
	if err != nil {
		return err
	}
	transport := &quic.Transport{Conn: patient{packets}}
	defer transport.Close()
	ln, err := transport.Listen(&tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{protocol}, MinVersion: tls.VersionTLS13}, settings())
	if err != nil {
		return err
	}
	defer ln.Close()
	for {
		conn, err := ln.Accept(ctx)
		if errors.Is(err, context.Canceled) {
			return nil
		}
		if err != nil {
			return err
		}
		go func() {
			stream, err := conn.AcceptStream(ctx)
			if err != nil {
				return
			}
			defer stream.Close()
			io.Copy(stream, stream)
		}()
	}
}

// selfSigned makes a certificate that says nothing of who and when.
func selfSigned() (tls.Certificate, error) {
	public, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return tls.Certificate{}, err
	}
	template := &x509.Certificate{SerialNumber: big.NewInt(1), NotAfter: time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC)}
	der, err := x509.CreateCertificate(rand.Reader, template, template, public, private)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, err
}
