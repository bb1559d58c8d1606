package socks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Base32 names of the node itself, of a friend and of a stranger.
var (
	selfB32     = strings.Repeat("s", 51) + "a.b32.i2p"
	friendB32   = strings.Repeat("f", 51) + "a.b32.i2p"
	strangerB32 = strings.Repeat("g", 51) + "a.b32.i2p"
)

// named is an address such as a dialer for I2P has.
type named string

func (named) Network() string  { return "i2p" }
func (n named) String() string { return string(n) }

// node is a backend that can listen. Peers come by its connect method.
type node struct {
	echo
	asked  []string // ports listened on
	fail   error
	addr   net.Addr // of listeners; selfB32 and the port asked for if nil
	peers  chan net.Conn
	closed chan struct{}
	once   sync.Once
	mu     sync.Mutex // of asked
}

func newNode() *node { return &node{peers: make(chan net.Conn), closed: make(chan struct{})} }

func (n *node) Listen(_ context.Context, network, address string) (net.Listener, error) {
	n.mu.Lock()
	n.asked = append(n.asked, network+" "+address)
	n.mu.Unlock()
	addr := n.addr
	if addr == nil {
		addr = named(selfB32 + address)
	}
	return &nodeListener{node: n, addr: addr}, n.fail
}

func (n *node) LookupAddr(_ context.Context, host string) (string, error) {
	if host == "friend.i2p" {
		return friendB32, nil
	}
	return "", &net.DNSError{Name: host, IsNotFound: true}
}

// connect brings a peer from addr and returns its end.
func (n *node) connect(t *testing.T, addr net.Addr) *sockstest.Client {
	near, far := sockstest.Pipe()
	n.peers <- boundPeer{near, near.(interface{ CloseWrite() error }), addr}
	return sockstest.NewClient(t, far)
}

type boundPeer struct {
	net.Conn
	w    interface{ CloseWrite() error }
	addr net.Addr
}

func (p boundPeer) CloseWrite() error    { return p.w.CloseWrite() }
func (p boundPeer) RemoteAddr() net.Addr { return p.addr }

type nodeListener struct {
	node *node
	addr net.Addr
}

func (l *nodeListener) Addr() net.Addr { return l.addr }

func (l *nodeListener) Close() error {
	l.node.once.Do(func() { close(l.node.closed) })
	return nil
}

func (l *nodeListener) Accept() (net.Conn, error) {
	select {
	case p := <-l.node.peers:
		return p, nil
	case <-l.node.closed:
		return nil, net.ErrClosed
	}
}

// name5 is a SOCKS 5 address with a host name; okName a reply of success with one.
func name5(host string, port uint16) string {
	return fmt.Sprintf("03 %02x %x %04x", len(host), host, port)
}

func okName(host string, port uint16) string { return "05 00 00" + name5(host, port) }

const bindAny = "05 02 00 01 00 00 00 00 00 50" // 0.0.0.0:80

func TestBindRepliesTwice(t *testing.T) {
	for name, tc := range map[string]struct{ in, first, second string }{
		"5 any":      {greetNone + bindAny, choseNone + okName(selfB32, 80), okName(friendB32, 7)},
		"5 any ipv6": {greetNone + "05 02 00 04" + strings.Repeat("00", 16) + "00 50", choseNone + okName(selfB32, 80), okName(friendB32, 7)},
		"5 any text": {greetNone + "05 02 00" + name5("0.0.0.0", 80), choseNone + okName(selfB32, 80), okName(friendB32, 7)},
		"5 name":     {greetNone + "05 02 00" + name5("Friend.i2p", 80), choseNone + okName(selfB32, 80), okName(friendB32, 7)},
		"5 b32":      {greetNone + "05 02 00" + name5(friendB32, 80), choseNone + okName(selfB32, 80), okName(friendB32, 7)},
		"4 any":      {"04 02 00 50 00 00 00 00 00", "00 5a 00 50 00 00 00 00", "00 5a 00 07 00 00 00 00"},
		"4a name":    {fmt.Sprintf("04 02 00 50 00 00 00 01 00 %x 00", "friend.i2p"), "00 5a 00 50 00 00 00 00", "00 5a 00 07 00 00 00 00"},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNode()
				c := sockstest.Start(t, &socks.Server{Dialer: n}).Client()
				c.Send(tc.in)
				c.Expect(tc.first)
				io.WriteString(c, "early")
				if !strings.Contains(name, "any") {
					for _, a := range []net.Addr{named(strangerB32 + ":80"), named("friend.i2p"), nil} {
						n.connect(t, a).ExpectEnd()
					}
				}
				peer := n.connect(t, named(strings.ToUpper(friendB32[:1])+friendB32[1:]+":7"))
				io.WriteString(peer, "hi")
				c.Expect(tc.second + fmt.Sprintf("%x", "hi"))
				peer.Expect(fmt.Sprintf("%x", "early"))
				c.CloseWrite()
				peer.ExpectEnd()
				relayedBack(t, peer, c)
				<-n.closed
				assert.Equal(t, []string{"tcp :80"}, n.asked)
			})
		})
	}
}

// relayedBack checks that the peer's direction outlives the client's.
func relayedBack(t *testing.T, peer, c *sockstest.Client) {
	_, err := io.WriteString(peer, "bye")
	require.NoError(t, err)
	peer.Close()
	c.Expect(fmt.Sprintf("%x", "bye"))
	c.ExpectEnd()
}

func TestBindRefusals(t *testing.T) {
	b32Addr := named(selfB32)
	for name, tc := range map[string]struct {
		backend proxyDialer
		in, out string
	}{
		"no listener": {&echo{}, greetNone + bindAny, choseNone + failed(7)},
		"policy":      {never(t), greetNone + "05 02 00 03 03 61 2e 62 00 50", choseNone + failed(2)},
		"ip literal":  {newNode(), greetNone + "05 02 00 01 01 02 03 04 00 50", choseNone + failed(8)},
		"4 ip":        {newNode(), "04 02 00 50 01 02 03 04 00", rejected},
		"unknown":     {newNode(), greetNone + "05 02 00" + name5("nobody.i2p", 80), choseNone + failed(4)},
		"listen fails": {&node{fail: &net.OpError{Op: "listen", Err: syscall.ENETUNREACH}},
			greetNone + bindAny, choseNone + failed(3)},
		"odd address": {&node{addr: b32Addr, closed: make(chan struct{})}, greetNone + bindAny, choseNone + failed(1)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := sockstest.Start(t, &socks.Server{Dialer: tc.backend}).Client()
				c.Send(tc.in)
				c.Expect(tc.out)
				c.ExpectEnd()
				if n, ok := tc.backend.(*node); ok && name != "listen fails" && name != "odd address" {
					assert.Empty(t, n.asked, "listens before it may")
				}
			})
		})
	}
}

func TestBindEnds(t *testing.T) {
	for name, tc := range map[string]struct {
		end  func(*testing.T, *sockstest.Server, *node, *sockstest.Client)
		out  string
		took time.Duration
	}{
		"nobody comes": {func(*testing.T, *sockstest.Server, *node, *sockstest.Client) {}, failed(6), 2 * time.Minute},
		"shutdown": {func(_ *testing.T, s *sockstest.Server, _ *node, _ *sockstest.Client) {
			go s.Config.Shutdown(context.Background())
		}, failed(1), 0},
		"client leaves": {func(_ *testing.T, _ *sockstest.Server, _ *node, c *sockstest.Client) { c.CloseWrite() }, "", 0},
		"backend ends": {func(_ *testing.T, _ *sockstest.Server, n *node, _ *sockstest.Client) {
			n.once.Do(func() { close(n.closed) })
		}, failed(1), 0},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNode()
				srv := sockstest.Start(t, &socks.Server{Dialer: n})
				c := srv.Client()
				c.Send(greetNone + bindAny)
				c.Expect(choseNone + okName(selfB32, 80))
				synctest.Wait()
				start := time.Now()
				tc.end(t, srv, n, c)
				if tc.took > time.Minute {
					time.Sleep(tc.took)
				}
				c.Expect(tc.out)
				c.ExpectEnd()
				<-n.closed
				assert.InDelta(t, tc.took, time.Since(start), float64(soon))
			})
		})
	}
}

func TestBindTimeoutCanBeOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode()
		c := sockstest.Start(t, &socks.Server{Dialer: n, BindTimeout: -1}).Client()
		c.Send(greetNone + bindAny)
		c.Expect(choseNone + okName(selfB32, 80))
		time.Sleep(24 * time.Hour)
		n.connect(t, named(friendB32+":0"))
		c.Expect(okName(friendB32, 0))
	})
}

func TestDialerListen(t *testing.T) {
	for name, d := range map[string]socks.Dialer{
		"5": {}, "4a": {Version: socks.SOCKS4a}, "4": {Version: socks.SOCKS4},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n := newNode()
				last := sockstest.Start(t, &socks.Server{Dialer: n})
				d.Forward = last
				first := sockstest.Start(t, &socks.Server{Dialer: &d}) // a chain of two servers
				l, err := first.Dialer("", "").Listen(t.Context(), "tcp", ":80")
				require.NoError(t, err)
				host := selfB32
				if name != "5" {
					host = "0.0.0.0"
				}
				assert.Equal(t, host+":80", l.Addr().String())
				assert.Equal(t, "tcp", l.Addr().Network())
				go n.connect(t, named(friendB32+":7")).Send("68 69")
				conn, err := l.Accept()
				require.NoError(t, err)
				if name == "5" {
					assert.Equal(t, friendB32+":7", conn.RemoteAddr().String())
				}
				require.NoError(t, l.Close())
				c := sockstest.NewClient(t, conn)
				c.Expect("68 69")
				c.CloseWrite()
				_, err = l.Accept()
				assert.ErrorIs(t, err, net.ErrClosed)
				conn.Close()
			})
		})
	}
}

func TestDialerListenNamesItsPeer(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := newNode()
		l, err := sockstest.Start(t, &socks.Server{Dialer: n}).Dialer("", "").Listen(t.Context(), "tcp", "friend.i2p:80")
		require.NoError(t, err)
		n.connect(t, named(strangerB32+":7")).ExpectEnd()
		n.connect(t, named(friendB32+":7"))
		conn, err := l.Accept()
		require.NoError(t, err)
		conn.Close()
	})
}

func TestDialerListenFails(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		_, err := sockstest.Start(t, &socks.Server{Dialer: &echo{}}).Dialer("", "").Listen(t.Context(), "tcp", ":80")
		assert.ErrorIs(t, err, errors.ErrUnsupported)
		for _, address := range []string{"", "80", ":http", "[fe80::1%eth0]:80"} {
			_, err = (&socks.Dialer{Forward: never(t)}).Listen(t.Context(), "tcp", address)
			assert.Error(t, err, address)
		}
		_, err = (&socks.Dialer{Forward: never(t)}).Listen(t.Context(), "udp", ":80")
		assert.Error(t, err)

		d := sockstest.Start(t, &socks.Server{Dialer: newNode(), BindTimeout: time.Second}).Dialer("", "")
		l, err := d.Listen(t.Context(), "tcp", ":80")
		require.NoError(t, err)
		_, err = l.Accept()
		reply, ok := errors.AsType[*socks.ReplyError](err)
		require.True(t, ok, "%v", err)
		assert.Equal(t, socks.TTLExpired, reply.Reply)
		_, err = l.Accept()
		assert.ErrorIs(t, err, net.ErrClosed)
	})
	synctest.Test(t, func(t *testing.T) {
		l, err := sockstest.Start(t, &socks.Server{Dialer: newNode()}).Dialer("", "").Listen(t.Context(), "tcp", ":80")
		require.NoError(t, err)
		time.AfterFunc(time.Second, func() { l.Close() })
		_, err = l.Accept()
		assert.ErrorIs(t, err, net.ErrClosed)
		assert.NoError(t, l.Close())
	})
}
