package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"testing"
	"time"

	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/addrbook/i2phost"
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

func start(t *testing.T, nw *samtest.Network) (*i2psocks.Endpoint, host.Host) {
	return startOn(t, &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()})
}

func startOn(t *testing.T, ep *i2psocks.Endpoint) (*i2psocks.Endpoint, host.Host) {
	t.Cleanup(func() { ep.Close() })
	h, err := newHost(t.Context(), ep)
	require.NoError(t, err)
	t.Cleanup(func() { h.Close() })
	return ep, h
}

// TestPing: hosts ping each other by both forms of an address, and tell each other no address but that of I2P.
func TestPing(t *testing.T) {
	leaktest.Guard(t)
	nw := samtest.NewStrict(t)
	serverEP, server := start(t, nw)
	clientEP, client := start(t, nw)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	own := "/garlic32/" + serverEP.Addr().Host[:52]
	require.Equal(t, own, fmt.Sprint(server.Addrs()[0]))

	for _, addr := range []string{own, "/garlic64/" + serverEP.Addr().Destination.Base64()} {
		took, err := pingOnce(ctx, client, addr+"/p2p/"+server.ID().String())
		require.NoError(t, err)
		assert.Positive(t, took)
		require.Len(t, client.Network().ConnsToPeer(server.ID()), 1)
		require.NoError(t, client.Network().ClosePeer(server.ID()))
		client.Peerstore().ClearAddrs(server.ID())
	}

	_, err := pingOnce(ctx, client, own+"/p2p/"+server.ID().String())
	require.NoError(t, err)
	visitor := "/garlic32/" + clientEP.Addr().Host[:52]
	for _, conn := range server.Network().ConnsToPeer(client.ID()) {
		assert.Equal(t, visitor, conn.RemoteMultiaddr().String())
	}
	identified := func() bool { return len(server.Peerstore().Addrs(client.ID())) > 0 }
	require.Eventually(t, identified, time.Minute, time.Millisecond)
	for _, addr := range server.Peerstore().Addrs(client.ID()) {
		assert.Equal(t, visitor, addr.String())
	}
	for _, addr := range client.Peerstore().Addrs(server.ID()) {
		assert.Equal(t, own, addr.String())
	}
	agent, err := client.Peerstore().Get(server.ID(), "AgentVersion")
	assert.NoError(t, err)
	assert.Equal(t, "libp2p", agent)
	for _, addr := range client.Network().ListenAddresses() {
		assert.Equal(t, visitor, addr.String())
	}
}

// outside are addresses that lead, or would be looked up, past I2P.
var outside = []string{
	"/ip4/192.0.2.1/tcp/4001", "/ip4/127.0.0.1/tcp/4001", "/ip6/2001:db8::1/udp/4001/quic-v1", "/dns4/host.example/tcp/4001",
	"/dns/host.example/udp/4001/quic-v1", "/dnsaddr/host.example",
}

// TestRefused: no other address is dialled or looked up. Whether libp2p's own resolver asks is seen in TestConfined alone.
func TestRefused(t *testing.T) {
	leaktest.Guard(t)
	_, h := start(t, samtest.NewStrict(t))
	id, err := peer.Decode("QmNnooDu7bfjPFoTZYxMNLWUQJyrVwtbZg5gBMjTezGAJN")
	require.NoError(t, err)
	for _, addr := range outside {
		_, err := pingOnce(t.Context(), h, addr+"/p2p/"+id.String())
		assert.Error(t, err, addr)
		h.Peerstore().ClearAddrs(id)
	}
	assert.Error(t, h.Network().Listen(ma.StringCast("/ip4/127.0.0.1/tcp/0")))
	assert.Error(t, h.Network().Listen(ma.StringCast("/garlic32/"+someName[:52])), "that of another host")
}

const someName = "aeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaqcaibaeaq.b32.i2p"

func TestMultiaddr(t *testing.T) {
	encrypted, err := i2phost.Blinded{SignatureType: 7, Key: [32]byte{1}}.Host()
	require.NoError(t, err)
	for _, name := range []string{someName, encrypted.String()} {
		addr, err := multiaddr(dialer.Addr{Host: name, Port: 80})
		require.NoError(t, err, name)
		host, err := hostOf(addr)
		require.NoError(t, err)
		assert.Equal(t, name, host)
	}
	_, err = multiaddr(dialer.Addr{Host: "stats.i2p"})
	assert.ErrorIs(t, err, errAddress)
	for _, addr := range append(outside, "/garlic32/"+someName[:52]+"/tcp/80") {
		_, err := hostOf(ma.StringCast(addr))
		assert.ErrorIs(t, err, errAddress, addr)
	}
}

// TestConfined runs the program where each packet is looked at.
func TestConfined(t *testing.T) {
	c := leaktest.Confine(t)
	nw := samtest.NewStrict(t)
	require.NoError(t, c.Forward("127.0.0.1:7656", nw.Start(nil).Addr()))
	_, server := start(t, nw)
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	run := func(args ...string) *exec.Cmd {
		cmd := exec.CommandContext(ctx, os.Args[0], args...)
		cmd.Env = append(os.Environ(), asProgram+"=1")
		return cmd
	}

	ping := run(fmt.Sprintf("%s/p2p/%s", server.Addrs()[0], server.ID()))
	require.NoError(t, c.Start(ping))
	assert.NoError(t, ping.Wait())
	for _, addr := range outside {
		cmd := run(addr + "/p2p/" + server.ID().String())
		require.NoError(t, c.Start(cmd))
		assert.Error(t, cmd.Wait(), addr)
	}

	listening := run()
	out, err := listening.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, c.Start(listening))
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan())
	_, err = pingOnce(ctx, server, lines.Text())
	assert.NoError(t, err)
	require.NoError(t, listening.Process.Signal(os.Interrupt))
	assert.False(t, lines.Scan(), "one address, no other")
	assert.NoError(t, listening.Wait())
}
