// Command gosocks5 is a relay for the benchmark beside it: things-go/go-socks5 with go-i2p/onramp as its dialer, put together as
// a program would that has no i2psocks. It is a module of its own.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"path/filepath"
	"strings"

	"github.com/go-i2p/i2pkeys"
	"github.com/go-i2p/onramp"
	"github.com/go-i2p/sam3"
	"github.com/things-go/go-socks5"
)

func main() {
	target := flag.String("target", "", `"tcp ADDRESS", or "sam BRIDGE HOST"`)
	flag.Parse()
	ctx, cancel := signal.NotifyContext(context.Background(), os.Interrupt)
	go func() {
		io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	if err := run(ctx, *target, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "gosocks5:", err)
		os.Exit(1)
	}
}

// run serves until ctx ends. It prints its address first.
func run(ctx context.Context, target string, stdout io.Writer) error {
	dial, leave, err := dialer(strings.Fields(target))
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
	socks5.NewServer(socks5.WithResolver(unresolved{}), socks5.WithDial(dial)).Serve(l)
	return nil
}

type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

func dialer(target []string) (dial dialFunc, leave func(), err error) {
	switch {
	case len(target) == 2 && target[0] == "tcp":
		var d net.Dialer
		return func(ctx context.Context, _, _ string) (net.Conn, error) { return d.DialContext(ctx, "tcp", target[1]) }, func() {}, nil
	case len(target) == 3 && target[0] == "sam":
		dir, err := os.MkdirTemp("", "gosocks5")
		if err != nil {
			return nil, nil, err
		}
		g, err := garlic(dir, target[1])
		if err != nil {
			os.RemoveAll(dir)
			return nil, nil, err
		}
		return func(_ context.Context, network, address string) (net.Conn, error) {
			conn, err := g.Dial(network, address)
			if err != nil {
				return nil, err
			}
			return stream{conn}, nil
		}, func() { g.Close(); os.RemoveAll(dir) }, nil
	}
	return nil, nil, fmt.Errorf("no target: %q", target)
}

// garlic is onramp's door to I2P at another bridge than 127.0.0.1:7656. That is the only one its constructor and sam3 know: the
// address they are given is passed over, and keys are made there. So they are made here, and the address is set.
func garlic(dir, bridge string) (*onramp.Garlic, error) {
	onramp.I2P_KEYSTORE_PATH = dir
	sam, err := sam3.NewSAM(bridge)
	if err != nil {
		return nil, err
	}
	host, port, err := net.SplitHostPort(bridge)
	if err != nil {
		return nil, err
	}
	sam.Config.I2PConfig.SamHost, sam.Config.I2PConfig.SamPort = host, port
	maker, err := sam3.NewSAM(bridge)
	if err != nil {
		return nil, err
	}
	defer maker.Close()
	keys, err := maker.NewKeys()
	if err != nil {
		return nil, err
	}
	if err := i2pkeys.StoreKeys(keys, filepath.Join(dir, "onramp-garlic.i2p.private")); err != nil {
		return nil, err
	}
	g := &onramp.Garlic{SAM: sam}
	_, err = g.NewListener("tcp", "") // which makes the session
	return g, err
}

// unresolved leaves names to the dialer: go-socks5 else asks the system's name servers first.
type unresolved struct{}

func (unresolved) Resolve(ctx context.Context, _ string) (context.Context, net.IP, error) {
	return ctx, nil, nil
}

// stream has an address that go-socks5 can put into its answer: it else reports a failure for each stream that opens.
type stream struct{ net.Conn }

func (stream) LocalAddr() net.Addr { return &net.TCPAddr{IP: net.IPv4zero} }
