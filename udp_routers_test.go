package i2psocks_test

import (
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

// TestUDPAssociate: datagrams of SOCKS clients, in memory.
func TestUDPAssociate(t *testing.T) { overBoth(t, testUDPAssociate) }

func testUDPAssociate(t *testing.T, nw *network) {
	one, two := nw.start(), nw.start()
	backend := func(r router) *i2psocks.Endpoint {
		if b, ok := r.(samRouter); ok {
			return backed(t, &sam.Session{Address: b.Addr(), UDPAddress: b.UDPAddr()})
		}
		return on(t, r)
	}
	associate(t, backend(one), backend(two))
}

// TestUDPAssociateOnRouters: the same between two real i2pd routers. The clients and the SOCKS
// ports are outside the routers' namespace, so that the sessions send over their control
// connections.
func TestUDPAssociateOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{})
	backend := func(i int) *i2psocks.Endpoint {
		none := sam.Tunnels{Length: -1, Quantity: 1}
		return backed(t, &sam.Session{Address: nw.SAM(i), DialBridge: nw.DialContext, Inbound: none, Outbound: none})
	}
	associate(t, backend(0), backend(1))
}

// backed returns an endpoint on a session that ends with the test.
func backed(t *testing.T, s *sam.Session) *i2psocks.Endpoint {
	e := &i2psocks.Endpoint{Backend: s}
	t.Cleanup(func() { assert.NoError(t, e.Close()) })
	return e
}

// associate has two clients of the visitor's SOCKS port talk to a conn of the site, and with a client
// of the site's SOCKS port, each as an identity of its own.
func associate(t *testing.T, visitor, site *i2psocks.Endpoint) {
	ctx := t.Context()
	var server net.PacketConn
	clients := make([]net.PacketConn, 3)
	var starting errgroup.Group
	starting.Go(func() (err error) {
		server, err = site.ListenPacket(ctx, "udp", ":0")
		return err
	})
	for i, e := range []*i2psocks.Endpoint{visitor, visitor, site} {
		px, err := e.ListenSOCKS(ctx, "tcp", "127.0.0.1:0")
		require.NoError(t, err)
		starting.Go(func() (err error) {
			clients[i], err = through(px, "", "").ListenPacket(ctx, "udp", "")
			return err
		})
	}
	require.NoError(t, starting.Wait())
	defer server.Close()
	for _, c := range clients {
		defer c.Close()
	}
	go tellSenders(server)

	home := address(server.LocalAddr().String())
	names := make(map[string]int)
	for i, c := range clients {
		name, from := ask(t, c, home, "who am I?")
		assert.Equal(t, home.String(), from, "the sender is the one that was asked")
		again, _ := ask(t, c, home, "and now?")
		assert.Equal(t, name, again, "a client stays the same")
		assert.NotEqual(t, home.String(), name)
		assert.NotContains(t, names, name, "nobody else is client %d", i)
		names[name] = i
	}

	// A client can be sent to by others, and answers them.
	go tellSenders(clients[2])
	for name, i := range names {
		if i == 2 {
			own, from := ask(t, clients[0], address(name), "hello, client")
			assert.Equal(t, name, from)
			assert.Zero(t, names[own], "the first client is who sent it")
			assert.Contains(t, names, own)
		}
	}
}

// address is an address of the network "i2p" as it is written.
type address string

func (address) Network() string  { return "i2p" }
func (a address) String() string { return string(a) }

// tellSenders answers each question with the sender's address, until the conn is closed.
func tellSenders(pc net.PacketConn) {
	buf := make([]byte, 2048)
	for {
		pc.SetReadDeadline(time.Time{})
		n, from, err := pc.ReadFrom(buf)
		if err != nil {
			return
		}
		pc.WriteTo([]byte(string(buf[:n])+" "+from.String()), from)
	}
}

// ask sends a question until it is answered, which on i2pd the first one to a peer seldom is at
// once, and returns the answer and from where it came.
func ask(t *testing.T, pc net.PacketConn, to net.Addr, question string) (answer, from string) {
	t.Helper()
	buf := make([]byte, 2048)
	for tries := 1; ; tries++ {
		require.LessOrEqual(t, tries, 24)
		_, err := pc.WriteTo([]byte(question), to)
		require.NoError(t, err)
		for begin := time.Now(); ; {
			require.NoError(t, pc.SetReadDeadline(begin.Add(5*time.Second)))
			n, sender, err := pc.ReadFrom(buf)
			if err != nil {
				require.ErrorIs(t, err, os.ErrDeadlineExceeded)
				break
			}
			if answer, ok := strings.CutPrefix(string(buf[:n]), question+" "); ok { // else that to a question before
				t.Logf("%q: answered in %v, after %d tries", question, time.Since(begin).Round(time.Millisecond), tries)
				return answer, sender.String()
			}
		}
	}
}
