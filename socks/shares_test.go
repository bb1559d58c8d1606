package socks_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// holder is a number of clients that ask for something all at once.
type holder struct {
	greeting, welcome string
	client            net.Addr // nil: of no address
}

// ask returns how many of n clients are let in, each asked before the next comes.
func (h holder) ask(t *testing.T, srv *socks.Server, n int) (granted int, clients []*sockstest.Client) {
	for range n {
		near, far := sockstest.Pipe()
		if h.client != nil {
			near = from{near, h.client}
		}
		go srv.ServeConn(context.Background(), near)
		c := sockstest.NewClient(t, far)
		c.Send(h.greeting + toHost)
		c.Expect(h.welcome)
		if code(t, c) == 0 {
			granted++
			clients = append(clients, c)
		} else {
			c.Close()
			synctest.Wait()
		}
	}
	return granted, clients
}

// code reads the beginning of a reply.
func code(t *testing.T, c *sockstest.Client) byte {
	t.Helper()
	var b [2]byte
	_, err := io.ReadFull(c, b[:])
	require.NoError(t, err)
	return b[1]
}

func token(i int) holder { return holder{greeting: asUser(i), welcome: userWelcome} }

func at(ip string, i int) holder {
	h := token(i)
	h.client = &net.TCPAddr{IP: net.ParseIP(ip), Port: 1000 + i}
	return h
}

// TestPlacesAreShared: whoever comes finds something, however much others have asked for.
func TestPlacesAreShared(t *testing.T) {
	for name, c := range map[string]struct {
		holders []holder
		want    []int
	}{
		"one":                   {[]holder{token(0)}, []int{24}},
		"one after the other":   {[]holder{token(0), token(1), token(2)}, []int{24, 12, 6}},
		"without credentials":   {[]holder{{greeting: greetNone, welcome: choseNone}, token(1)}, []int{24, 12}},
		"tokens of one address": {[]holder{at("192.0.2.1", 0), at("192.0.2.1", 1), at("192.0.2.2", 1)}, []int{24, 0, 12}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := &socks.Server{Dialer: &echo{}, MaxConns: 48}
				for i, h := range c.holders {
					got, clients := h.ask(t, srv, 40)
					assert.Equal(t, c.want[i], got, "holder %d", i)
					for _, c := range clients {
						defer c.Close()
					}
				}
				require.NoError(t, srv.Close())
				require.NoError(t, srv.Shutdown(context.Background()))
			})
		})
	}
}

// One child that dials dead names must not keep the others from dialling.
func TestPendingIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := sockstest.Start(t, &socks.Server{Dialer: hang, MaxPending: 16})
		for i, want := range []int{8, 12, 14, 15, 16, 16} {
			for range 20 {
				c := srv.Client()
				c.Send(asUser(i) + toHost)
				c.Expect(userWelcome)
			}
			synctest.Wait()
			assert.Equal(t, want, srv.Config.Status().Pending)
		}
	})
}

// exclusive is a dialer that serves one user at a time, as one that has too few identities does.
type exclusive struct {
	echo
	fail error

	mu   sync.Mutex
	user string
	open int
}

func (e *exclusive) as(user string) dial {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.open > 0 && e.user != user {
			return nil, fmt.Errorf("identities: %w", e.fail)
		}
		conn, err := e.DialContext(ctx, network, address)
		if err == nil {
			e.user, e.open = user, e.open+1
			conn = &leased{Conn: conn, lender: e}
		}
		return conn, err
	}
}

// leased is a peer without half-close.
type leased struct {
	net.Conn
	lender *exclusive
	once   sync.Once
}

func (c *leased) Close() error {
	c.once.Do(func() {
		c.lender.mu.Lock()
		defer c.lender.mu.Unlock()
		c.lender.open--
	})
	return c.Conn.Close()
}

// Where nothing tells whether a client that has ended its direction is gone, all such streams of a user give way when
// another needs what the user holds.
func TestUserGivesWay(t *testing.T) {
	for name, c := range map[string]struct {
		streams, ended int
		err            error
		served         bool
	}{
		"gone":             {2, 2, syscall.EDQUOT, true},
		"one goes on":      {2, 1, syscall.EDQUOT, false},
		"all go on":        {2, 0, syscall.EDQUOT, false},
		"another failure":  {2, 2, syscall.ECONNREFUSED, false},
		"no descriptors":   {1, 1, syscall.EMFILE, true},
		"none at all left": {1, 0, syscall.ENFILE, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &exclusive{fail: c.err}
				srv := sockstest.Start(t, &socks.Server{Select: func(_ context.Context, r *socks.Request) (proxyDialer, error) {
					return d.as(r.Username), nil
				}})
				for i := range c.streams {
					s := srv.Client()
					s.Send(asUser(0) + toHost)
					s.Expect(userWelcome + succeeded)
					relayed(t, s)
					if i < c.ended {
						require.NoError(t, s.Conn.(interface{ CloseWrite() error }).CloseWrite())
					}
					synctest.Wait()
				}
				next := srv.Client()
				next.Send(asUser(1) + toHost)
				if !c.served {
					next.Expect(userWelcome)
					assert.NotZero(t, code(t, next))
					assert.Equal(t, c.streams, d.open, "nobody gave way for nothing")
					return
				}
				next.Expect(userWelcome + succeeded)
				relayed(t, next)
			})
		})
	}
}
