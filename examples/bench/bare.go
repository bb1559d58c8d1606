package main

import (
	"context"
	"fmt"
	"io"
	"net"
)

// serveBare is what a relay costs that does as little as it can: no time-outs, no checks, no limits.
func serveBare(ctx context.Context, target string, stdout io.Writer) error {
	t, err := parseTarget(target)
	if err != nil {
		return err
	}
	dial, leave, err := t.open()
	if err != nil {
		return err
	}
	defer leave()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Fprintln(stdout, l.Addr())
	defer context.AfterFunc(ctx, func() { l.Close() })()
	for {
		client, err := l.Accept()
		if err != nil {
			return nil
		}
		go carry(client, dial)
	}
}

func carry(client net.Conn, dial func() (net.Conn, error)) {
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
