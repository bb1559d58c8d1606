package main

import (
	"bufio"
	"context"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"sync"
	"testing"
	"time"

	"github.com/btcsuite/btcd/addrmgr"
	"github.com/btcsuite/btcd/chaincfg/v2"
	"github.com/btcsuite/btcd/connmgr"
	"github.com/btcsuite/btcd/peer"
	"github.com/btcsuite/btcd/wire/v2"
	"github.com/btcsuite/go-socks/socks"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/dialer/samtest/leaktest"
)

const asProgram = "RUN_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

type meeting struct {
	peer *peer.Peer
	said *wire.MsgVersion
}

// start returns a node on a router of its own, and whom it met.
func start(t *testing.T, nw *samtest.Network) (*node, chan meeting) {
	return startOn(t, &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()})
}

func startOn(t *testing.T, ep *i2psocks.Endpoint) (*node, chan meeting) {
	t.Cleanup(func() { ep.Close() })
	met := make(chan meeting, 1)
	n := &node{addresses: &addresses{ep: ep}, twins: true, met: func(p *peer.Peer, said *wire.MsgVersion) { met <- meeting{p, said} }}
	require.NoError(t, n.start(t.Context()))
	t.Cleanup(n.stop)
	return n, met
}

// TestMeet: nodes meet by name, each knows the other by the address of its destination, and tells no address.
func TestMeet(t *testing.T) {
	leaktest.Guard(t)
	nw := samtest.NewStrict(t)
	server, visitors := start(t, nw)
	client, found := start(t, nw)
	nw.SetHost("bitcoin.i2p", server.ep.Addr().Destination)
	require.NoError(t, client.connect(t.Context(), "Bitcoin.I2P:8333"))

	visitor, site := wait(t, visitors), wait(t, found)
	assert.Equal(t, addressOf(t, client)+":0", visitor.peer.Addr())
	assert.Equal(t, addressOf(t, server)+":8333", site.peer.Addr())
	for _, m := range []meeting{visitor, site} {
		assert.Equal(t, "/btcwire:0.5.0/i2psocks-example:1/", m.said.UserAgent)
		assert.True(t, m.said.AddrYou.IP.IsUnspecified(), m.said.AddrYou.IP)
		assert.True(t, m.said.AddrMe.IP.IsUnspecified(), m.said.AddrMe.IP)
	}

	// btcd's book of addresses takes ours for what they are, and never hands them on.
	book := addrmgr.New(t.TempDir(), func(host string) ([]net.IP, error) { return client.lookup(t.Context(), host) })
	known, err := book.HostToNetAddress("bitcoin.i2p", 8333, 0)
	require.NoError(t, err)
	assert.Equal(t, addressOf(t, server), "["+known.Addr.String()+"]")
	assert.False(t, addrmgr.IsRoutable(known))
}

func wait(t *testing.T, met <-chan meeting) meeting {
	select {
	case m := <-met:
		return m
	case <-time.After(4 * time.Minute): // as long as real routers may take
		require.FailNow(t, "nobody was met")
		return meeting{}
	}
}

func addressOf(t *testing.T, n *node) string {
	addr, err := garliCat(n.ep.Addr().Host)
	require.NoError(t, err)
	return "[" + addr.String() + "]"
}

// TestRefused: what is not in I2P is neither looked up nor dialled, by whatever btcd tries it.
func TestRefused(t *testing.T) {
	leaktest.Guard(t)
	n, _ := start(t, samtest.NewStrict(t))
	for _, address := range []string{"example.com:8333", "localhost:8333", "192.0.2.1:8333", "[fd60:db4d:ddb5::1]:8333"} {
		_, err := n.resolve(t.Context(), address)
		assert.ErrorIs(t, err, dialer.ErrNotI2P, address)
	}
	for _, host := range []string{"192.0.2.1", "127.0.0.1", "::1", "2001:db8::1"} {
		_, err := n.dial(t.Context(), &net.TCPAddr{IP: net.ParseIP(host), Port: 8333})
		assert.ErrorIs(t, err, dialer.ErrNotI2P, host)
	}
	_, err := n.dial(t.Context(), &net.TCPAddr{IP: net.ParseIP("fd60:db4d:ddb5::1"), Port: 8333})
	assert.ErrorIs(t, err, dialer.ErrNameNotFound, "an address of GarliCat that is nobody's")

	seeds := new(sync.WaitGroup)
	seeds.Add(len(chaincfg.MainNetParams.DNSSeeds))
	connmgr.SeedFromDNS(&chaincfg.MainNetParams, wire.SFNodeNetwork, func(host string) ([]net.IP, error) {
		defer seeds.Done()
		ips, err := n.lookup(t.Context(), host)
		assert.ErrorIs(t, err, dialer.ErrNotI2P, host)
		return ips, err
	}, func([]*wire.NetAddressV2) { t.Error("a seed was found") })
	seeds.Wait()
}

// TestTwoOfOneAddress: a host whose address is taken is refused, not mistaken for the other.
func TestTwoOfOneAddress(t *testing.T) {
	nw := samtest.NewStrict(t)
	n, _ := start(t, nw)
	host := n.ep.Addr().Host
	addr, err := garliCat(host)
	require.NoError(t, err)
	n.hosts = map[netip.Addr]string{addr: "other.b32.i2p"}
	_, err = n.resolve(t.Context(), host+":8333")
	assert.ErrorIs(t, err, errNoAddress)
}

// TestSOCKS: what btcd does when its --proxy is a port of ListenSOCKS: it looks up by RESOLVE, without a password, and dials the answer.
func TestSOCKS(t *testing.T) {
	leaktest.Guard(t)
	nw := samtest.NewStrict(t)
	server, _ := start(t, nw)
	nw.SetHost("bitcoin.i2p", server.ep.Addr().Destination)
	ep := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr(), NoSecret: true, VirtualAddresses: netip.MustParsePrefix("127.192.0.0/10")}
	defer ep.Close()
	px, err := ep.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ips, err := connmgr.TorLookupIP("bitcoin.i2p", px.Addr().String())
	require.NoError(t, err)
	proxy := &socks.Proxy{Addr: px.Addr().String()}
	conn, err := proxy.DialTimeout("tcp", net.JoinHostPort(ips[0].String(), "8333"), time.Minute)
	require.NoError(t, err)
	conn.Close()
	_, err = connmgr.TorLookupIP("seed.bitcoin.example", px.Addr().String())
	assert.Error(t, err)
}

// TestConfined runs the program where each packet is looked at.
func TestConfined(t *testing.T) {
	c := leaktest.Confine(t)
	nw := samtest.NewStrict(t)
	require.NoError(t, c.Forward("127.0.0.1:7656", nw.Start(nil).Addr()))
	server, visitors := start(t, nw)
	nw.SetHost("bitcoin.i2p", server.ep.Addr().Destination)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	run := func(peer string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, os.Args[0], peer)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		return cmd
	}

	cmd := run("bitcoin.i2p:8333")
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start(cmd))
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan(), "its address")
	b32 := lines.Text()
	require.True(t, lines.Scan(), "the peer")
	assert.Equal(t, addressOf(t, server)+":8333 /btcwire:0.5.0/i2psocks-example:1/", lines.Text())
	visitor, err := garliCat(b32)
	require.NoError(t, err)
	assert.Equal(t, "["+visitor.String()+"]:0", wait(t, visitors).peer.Addr())
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	assert.NoError(t, cmd.Wait())

	for _, peer := range []string{"seed.bitcoin.example:8333", "192.0.2.1:8333"} {
		cmd := run(peer)
		require.NoError(t, c.Start(cmd))
		assert.Error(t, cmd.Wait(), peer)
	}
}
