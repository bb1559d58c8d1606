// Command libp2p pings a libp2p host in I2P, "/garlic32/…/p2p/…"; without a target it is such a host, and prints its
// address.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"time"

	"github.com/libp2p/go-libp2p"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/transport"
	"github.com/libp2p/go-libp2p/gologshim"
	"github.com/libp2p/go-libp2p/p2p/protocol/ping"
	ma "github.com/multiformats/go-multiaddr"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/sam"
)

func main() {
	gologshim.SetDefaultHandler(slog.DiscardHandler) // otherwise libp2p writes addresses to standard error
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	address := flag.String("sam", sam.DefaultAddress, "SAM `address`: IP:port or unix:PATH")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "Usage: libp2p [options] [ADDRESS]")
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
		fmt.Fprintln(os.Stderr, "libp2p:", err)
		ep.Close()
		os.Exit(1)
	}
}

func run(ctx context.Context, ep *i2psocks.Endpoint, target string) error {
	h, err := newHost(ctx, ep)
	if err != nil {
		return err
	}
	defer h.Close()
	if target == "" {
		for _, addr := range h.Addrs() {
			fmt.Printf("%s/p2p/%s\n", addr, h.ID())
		}
		<-ctx.Done()
		return nil
	}
	took, err := pingOnce(ctx, h, target)
	fmt.Println(took)
	return err
}

// newHost returns a host that listens and dials in I2P, and has no other way: no other transport, no relay, no DNS, nobody who is asked
// how the host looks from outside, and no address but that of the Endpoint to tell.
func newHost(ctx context.Context, ep *i2psocks.Endpoint, more ...libp2p.Option) (host.Host, error) {
	if err := ep.Up(ctx); err != nil { // libp2p listens without a context
		return nil, err
	}
	own, err := multiaddr(ep.Addr())
	if err != nil {
		return nil, err
	}
	options := []libp2p.Option{
		libp2p.NoTransports,
		libp2p.Transport(func(u transport.Upgrader, limits network.ResourceManager) *garlic { return &garlic{ep, u, limits} }),
		libp2p.ListenAddrs(own),
		libp2p.AddrsFactory(func([]ma.Multiaddr) []ma.Multiaddr { return []ma.Multiaddr{own} }),
		libp2p.MultiaddrResolver(noDNS{}), // else /dns… of any peer is asked of DNS, before a transport is looked for
		libp2p.DisableRelay(),
		libp2p.ForceReachabilityPublic(), // AutoNAT asks nobody
		libp2p.DisableIdentifyAddressDiscovery(),
		libp2p.DisableMetrics(),
		libp2p.UserAgent("libp2p"), // else the path and version of the program
		libp2p.WithDialTimeout(4 * time.Minute),
	}
	return libp2p.New(append(options, more...)...)
}

var errDNS = errors.New("DNS is not asked")

type noDNS struct{}

func (noDNS) ResolveDNSAddr(context.Context, peer.ID, ma.Multiaddr, int, int) ([]ma.Multiaddr, error) {
	return nil, errDNS
}

func (noDNS) ResolveDNSComponent(context.Context, ma.Multiaddr, int) ([]ma.Multiaddr, error) {
	return nil, errDNS
}

// pingOnce returns how long an answer took.
func pingOnce(ctx context.Context, h host.Host, target string) (time.Duration, error) {
	to, err := peer.AddrInfoFromString(target)
	if err != nil {
		return 0, err
	}
	if err := h.Connect(ctx, *to); err != nil {
		return 0, err
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	result, ok := <-ping.Ping(ctx, h, to.ID)
	if !ok {
		return 0, ctx.Err()
	}
	return result.RTT, result.Error
}
