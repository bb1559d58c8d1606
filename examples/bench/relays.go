package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"strings"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

func (f dialFunc) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return f(ctx, network, address)
}

// plain is a stream that may be bypassed and has no half-close, as those over SAM.
type plain struct{ net.Conn }

func (p plain) Raw() (net.Conn, bool) { return p.Conn, true }

// serveOurs is our SOCKS port: of an Endpoint, or of a Server that dials the site itself.
func serveOurs(ctx context.Context, site string, stdout io.Writer) error {
	where := strings.Fields(site)
	if where[0] == "sam" {
		ep := &i2psocks.Endpoint{SAM: where[1], NoSecret: true, ConfigureSOCKS: func(s *socks.Server) { s.MaxConns = -1 }}
		defer ep.Close()
		if err := ep.Up(ctx); err != nil {
			return err
		}
		px, err := ep.ListenSOCKS(ctx, "tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		fmt.Fprintln(stdout, px.Addr())
		<-ctx.Done()
		return nil
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	var d net.Dialer
	srv := &socks.Server{MaxConns: -1, Dialer: dialFunc(func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := d.DialContext(ctx, "tcp", where[1])
		return plain{conn}, err
	})}
	fmt.Fprintln(stdout, l.Addr())
	defer context.AfterFunc(ctx, func() { srv.Close() })()
	srv.Serve(l)
	return nil
}

// serveBare is what a relay costs that does as little as it can: no time-outs, no checks, no limits.
func serveBare(ctx context.Context, site string, stdout io.Writer) error {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	where := strings.Fields(site)
	dial := func() (net.Conn, error) { return net.Dial("tcp", where[1]) }
	if where[0] == "sam" {
		id, err := keys.Generate()
		if err != nil {
			return err
		}
		control, err := net.Dial("tcp", where[1])
		if err != nil {
			return err
		}
		defer control.Close()
		if err := talk(control, "HELLO VERSION MIN=3.1 MAX=3.3\n",
			"SESSION CREATE STYLE=STREAM ID=bare DESTINATION="+id.Reveal()+"\n"); err != nil {
			return err
		}
		host, _, _ := net.SplitHostPort(where[2])
		dial = func() (net.Conn, error) {
			conn, err := net.Dial("tcp", where[1])
			if err != nil {
				return nil, err
			}
			return conn, talk(conn, "HELLO VERSION MIN=3.1 MAX=3.3\n", "STREAM CONNECT ID=bare SILENT=false DESTINATION="+host+"\n")
		}
	}
	fmt.Fprintln(stdout, l.Addr())
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		client, err := l.Accept()
		if err != nil {
			return nil
		}
		go func() {
			defer client.Close()
			if err := greet(client); err != nil {
				return
			}
			peer, err := dial()
			if err != nil {
				return
			}
			defer peer.Close()
			if _, err := client.Write([]byte("\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00")); err != nil {
				return
			}
			go func() {
				io.Copy(peer, client)
				peer.(*net.TCPConn).CloseWrite()
			}()
			io.Copy(client, peer)
		}()
	}
}

// greet reads a greeting and a request of SOCKS 5.
func greet(client net.Conn) error {
	var buf [512]byte
	if _, err := client.Read(buf[:]); err != nil {
		return err
	}
	if _, err := client.Write([]byte("\x05\x00")); err != nil {
		return err
	}
	_, err := client.Read(buf[:])
	return err
}

// talk sends lines to a SAM bridge and reads an answer to each.
func talk(conn net.Conn, lines ...string) error {
	var buf [4096]byte
	for _, line := range lines {
		if _, err := io.WriteString(conn, line); err != nil {
			return err
		}
		n, err := conn.Read(buf[:])
		if err != nil {
			return err
		}
		if !bytes.Contains(buf[:n], []byte("RESULT=OK")) {
			return fmt.Errorf("bridge: %s", buf[:n])
		}
	}
	return nil
}
