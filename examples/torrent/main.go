// Command torrent downloads a torrent, given by a magnet link or a .torrent file, from peers in I2P and seeds it.
package main

import (
	"cmp"
	"context"
	"errors"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"
	"slices"
	"strings"
	"time"

	"github.com/anacrolix/torrent"
	"github.com/anacrolix/torrent/metainfo"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/sam"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	address := flag.String("sam", sam.DefaultAddress, "SAM `address`: IP:port or unix:PATH")
	dir := flag.String("dir", ".", "`directory` of the files")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "Usage: torrent [options] MAGNET-LINK | FILE.torrent")
		flag.PrintDefaults()
	}
	flag.Parse()
	if flag.NArg() != 1 {
		flag.Usage()
		os.Exit(2)
	}
	ep := &i2psocks.Endpoint{SAM: *address}
	defer ep.Close()
	if err := run(ctx, ep, *dir, flag.Arg(0)); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "torrent:", err)
		ep.Close()
		os.Exit(1)
	}
}

func run(ctx context.Context, ep *i2psocks.Endpoint, dir, source string) error {
	spec, err := load(source)
	if err != nil {
		return err
	}
	client, err := newClient(ctx, ep, dir)
	if err != nil {
		return err
	}
	defer client.Close()
	t, trackers, err := add(client, spec)
	if err != nil {
		return err
	}
	go announceAll(ctx, ep, client, t, trackers)
	select {
	case <-t.GotInfo():
		t.DownloadAll()
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-t.Complete().On():
	case <-ctx.Done():
		return ctx.Err()
	}
	fmt.Println("complete:", t.Name())
	<-ctx.Done()
	return nil
}

func load(source string) (*torrent.TorrentSpec, error) {
	if strings.HasPrefix(source, "magnet:") {
		return torrent.TorrentSpecFromMagnetUri(source)
	}
	mi, err := metainfo.LoadFromFile(source)
	if err != nil {
		return nil, err
	}
	return torrent.TorrentSpecFromMetaInfoErr(mi)
}

// newClient returns a client whose peers are in I2P, and which knows no other way: no socket, no tracker and DHT of its own, and
// nothing in a torrent that could make it use one.
func newClient(ctx context.Context, ep *i2psocks.Endpoint, dir string) (*torrent.Client, error) {
	ln, err := ep.Listen(ctx, "tcp", ":6881")
	if err != nil {
		return nil, err
	}
	client, err := torrent.NewClient(settings(ep, dir))
	if err != nil {
		ln.Close()
		return nil, err
	}
	client.AddDialer(peerDialer{ep})
	client.AddListener(ln)
	go func() {
		<-client.Closed() // and not before: it asks a failed listener again and again
		ln.Close()
	}()
	return client, nil
}

func settings(ep *i2psocks.Endpoint, dir string) *torrent.ClientConfig {
	c := torrent.NewDefaultClientConfig()
	c.DataDir = dir
	c.Seed = true
	c.DisableTCP, c.DisableUTP, c.DisableIPv4, c.DisableIPv6 = true, true, true, true // no socket
	c.NoDHT = true                                                                    // nor a question to DNS for its routers
	c.DisablePEX = true                                                               // whose addresses are those of IP
	c.NoDefaultPortForwarding = true                                                  // UPnP
	c.DisableWebtorrent, c.DisableWebseeds = true, true                               // WebRTC, which asks STUN servers
	c.DisableTrackers = true                                                          // announce does it: UDP ones are asked past all settings
	c.TrackerDialContext, c.HTTPDialContext = ep.DialContext, ep.DialContext
	c.TrackerListenPacket = func(string, string) (net.PacketConn, error) { return nil, errors.ErrUnsupported }
	c.WebTransport = ep.HTTPClient().Transport
	c.MetainfoSourcesClient = ep.HTTPClient()

	c.NominalDialTimeout, c.MinDialTimeout, c.HandshakesTimeout = 4*time.Minute, 3*time.Minute, time.Minute // tunnels are slow
	c.HeaderObfuscationPolicy = torrent.HeaderObfuscationPolicy{}                                           // I2P encrypts, and peers hide nothing from it
	c.Bep20, c.ExtendedHandshakeClientVersion, c.HTTPUserAgent = "-XX0000-", "", ""                         // which program and version
	return c
}

// add adds a torrent without what leads out of I2P, and returns its trackers.
func add(client *torrent.Client, spec *torrent.TorrentSpec) (*torrent.Torrent, []string, error) {
	trackers := slices.Concat(spec.Trackers...)
	spec.Trackers, spec.Webseeds, spec.DhtNodes, spec.PeerAddrs, spec.Sources = nil, nil, nil, nil, nil
	t, _, err := client.AddTorrentSpec(spec)
	return t, trackers, err
}

// peerDialer opens streams to peers.
type peerDialer struct{ ep *i2psocks.Endpoint }

func (peerDialer) DialerNetwork() string { return "i2p" }

func (d peerDialer) Dial(ctx context.Context, host string) (net.Conn, error) {
	return d.ep.DialContext(ctx, "tcp", net.JoinHostPort(host, "6881"))
}

// peerAddr is the base32 name of a peer. It has no port: the client drops whatever has a port and is no IP address.
type peerAddr string

func (a peerAddr) String() string { return string(a) }

// announceAll asks the trackers for peers until the context ends.
func announceAll(ctx context.Context, ep *i2psocks.Endpoint, client *torrent.Client, t *torrent.Torrent, trackers []string) {
	for {
		pause := time.Hour
		for _, tracker := range trackers {
			peers, interval, err := announce(ctx, ep, tracker, client, t)
			if err != nil {
				fmt.Fprintln(os.Stderr, "torrent:", err)
				continue
			}
			t.AddPeers(peers)
			pause = min(pause, cmp.Or(max(interval, 0), time.Hour))
		}
		select {
		case <-time.After(max(pause, time.Minute)):
		case <-ctx.Done():
			return
		}
	}
}
