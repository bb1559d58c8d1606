// Command btcd connects to Bitcoin nodes in I2P with the packages of btcd, which identify peers by *net.TCPAddr: it listens,
// connects to the given peers, and prints their user agents.
package main

import (
	"context"
	"flag"
	"fmt"
	"net"
	"os"
	"os/signal"

	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/connmgr"
	"github.com/btcsuite/btcd/peer"
	"github.com/btcsuite/btcd/wire/v2"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/sam"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	address := flag.String("sam", sam.DefaultAddress, "SAM `address`: IP:port or unix:PATH")
	flag.Usage = func() {
		fmt.Fprintln(os.Stderr, "Usage: btcd [options] [HOST.i2p:PORT ...]")
		flag.PrintDefaults()
	}
	flag.Parse()
	ep := &i2psocks.Endpoint{SAM: *address}
	defer ep.Close()
	if err := run(ctx, ep, flag.Args()); err != nil && ctx.Err() == nil {
		fmt.Fprintln(os.Stderr, "btcd:", err)
		ep.Close()
		os.Exit(1)
	}
}

func run(ctx context.Context, ep *i2psocks.Endpoint, peers []string) error {
	n := &node{addresses: &addresses{ep: ep}, met: func(p *peer.Peer, said *wire.MsgVersion) {
		fmt.Println(p.Addr(), said.UserAgent)
	}}
	if err := n.start(ctx); err != nil {
		return err
	}
	defer n.stop() // before the Endpoint is closed: a connmgr whose listener fails asks it again and again
	fmt.Println(ep.Addr().Host)
	for _, p := range peers {
		if err := n.connect(ctx, p); err != nil {
			return err
		}
	}
	<-ctx.Done()
	return nil
}

// node is as much of btcd's server as is about the network.
type node struct {
	*addresses
	met     func(p *peer.Peer, said *wire.MsgVersion)
	twins   bool // nodes of one process may meet, which btcd else takes for one that met itself
	manager *connmgr.ConnManager
	cancel  context.CancelFunc
}

func (n *node) start(ctx context.Context) error {
	ln, err := n.listen(ctx, ":8333")
	if err != nil {
		return err
	}
	ctx, n.cancel = context.WithCancel(ctx)
	n.manager, err = connmgr.New(&connmgr.Config{
		Listeners:    []net.Listener{ln},
		OnAccept:     func(conn net.Conn) { peer.NewInboundPeer(n.settings()).AssociateConnection(conn) },
		OnConnection: n.connected,
		Dial:         func(to net.Addr) (net.Conn, error) { return n.dial(ctx, to) },
	})
	if err != nil {
		return err
	}
	n.manager.Start()
	return nil
}

func (n *node) stop() {
	n.manager.Stop()
	n.cancel() // the dials that go on
	n.manager.Wait()
}

// connect has a peer connected to, and again whenever it was lost.
func (n *node) connect(ctx context.Context, address string) error {
	to, err := n.resolve(ctx, address)
	if err != nil {
		return err
	}
	go n.manager.Connect(&connmgr.ConnReq{Addr: to, Permanent: true})
	return nil
}

func (n *node) connected(r *connmgr.ConnReq, conn net.Conn) {
	p, err := peer.NewOutboundPeer(n.settings(), r.Addr.String())
	if err != nil {
		conn.Close()
		n.manager.Remove(r.ID())
		return
	}
	p.AssociateConnection(conn)
	go func() {
		p.WaitForDisconnect()
		n.manager.Disconnect(r.ID())
	}()
}

func (n *node) settings() *peer.Config {
	return &peer.Config{
		ChainParams:      &chaincfg.MainNetParams,
		UserAgentName:    "i2psocks-example", // all peers see it: what few others say links identities
		UserAgentVersion: "1",
		AllowSelfConns:   n.twins,
		Proxy:            "I2P", // an address that is none keeps back by which address a peer is known here
		Listeners: peer.MessageListeners{OnVersion: func(p *peer.Peer, said *wire.MsgVersion) *wire.MsgReject {
			n.met(p, said)
			return nil
		}},
	}
}
