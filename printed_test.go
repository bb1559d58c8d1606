package i2psocks_test

import (
	"context"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/keys"
)

// TestPrintedValuesNameNobody: what is no address itself shows neither the names and peers that it has to do with nor tokens,
// when it is printed.
func TestPrintedValuesNameNobody(t *testing.T) { overBoth(t, testPrintedValuesNameNobody) }

func testPrintedValuesNameNobody(t *testing.T, nw *network) {
	const name, token = "hidden-name.i2p", "account-42"
	site := nw.endpoint(t)
	ln, err := site.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	peer := ln.Addr().(dialer.Addr)
	nw.setHost(name, peer.Destination)
	silent := func(what string, v any) {
		for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%d"} {
			text := fmt.Sprintf(verb, v)
			for _, bad := range []string{name, token, strings.TrimSuffix(peer.Host, ".b32.i2p"), peer.Destination.Base64()} {
				assert.NotContains(t, text, bad, "%s by %s", what, verb)
			}
		}
	}
	dials := func(what string, d dialer.Backend) {
		conn, err := d.DialContext(t.Context(), "tcp", name+":80")
		require.NoError(t, err, what)
		defer conn.Close()
		silent("stream of "+what, conn)
		silent(what, d)
		packets, err := d.(interface {
			ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
		}).ListenPacket(t.Context(), "udp", ":0")
		require.NoError(t, err, what)
		defer packets.Close()
		silent("packets of "+what, packets)
	}
	r := nw.start()
	session := r.session()
	defer session.Close()
	dials("session", session)
	pool := &dialer.Isolated{New: func(context.Context, string) (dialer.Backend, error) { return r.session(), nil }}
	defer pool.Close()
	dials("keyed", pool.Get(token))
	silent("isolated", pool)
	ep := nw.endpoint(t)
	ep.Isolation.Listen = true
	ep.Hosts = map[string]string{name: peer.Host}
	dials("endpoint", ep)
	dials("token", ep.Isolate(token))
	listening, err := ep.Isolate(token).Listen(t.Context(), "tcp", ":0")
	require.NoError(t, err)
	defer listening.Close()
	silent("listener of token", listening)

	address := addrbook.AddressOf(peer.Destination)
	book := &addrbook.Book{Router: addrbook.SourceFunc{Func: func(context.Context, string) (keys.Destination, error) { return peer.Destination, nil }}}
	_, err = book.Lookup(t.Context(), name)
	require.NoError(t, err)
	file, err := addrbook.OpenFile(filepath.Join(t.TempDir(), "hosts.txt"))
	require.NoError(t, err)
	require.NoError(t, file.Set(name, address))
	hosts := new(addrbook.Hosts)
	require.NoError(t, hosts.Set(name, address))
	for _, v := range []any{
		book, file, hosts, &addrbook.Subscription{URL: "http://" + name + "/"}, &addrbook.Jump{Services: []string{"http://" + name + "/"}},
	} {
		silent(fmt.Sprintf("%T", v), v)
	}
}
