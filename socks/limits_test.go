package socks_test

import (
	"context"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// from is a connection whose client seems to be elsewhere.
type from struct {
	net.Conn
	addr net.Addr
}

func (f from) RemoteAddr() net.Addr { return f.addr }

func TestMaxConnsPerAddr(t *testing.T) {
	ip := func(s string) net.Addr { return &net.TCPAddr{IP: net.ParseIP(s), Port: 1} }
	many := func(n int, addr net.Addr) (all []net.Addr) {
		for range n {
			all = append(all, addr)
		}
		return all
	}
	unix := &net.UnixAddr{Name: "", Net: "unix"}
	for name, tc := range map[string]struct {
		limit   int
		clients []net.Addr
		last    net.Addr
		served  bool
	}{
		"limit":             {2, many(2, ip("192.0.2.1")), ip("192.0.2.1"), false},
		"another address":   {2, many(2, ip("192.0.2.1")), ip("192.0.2.2"), true},
		"mapped":            {2, many(2, ip("::ffff:192.0.2.1")), ip("192.0.2.1"), false},
		"same /64":          {2, []net.Addr{ip("2001:db8::1"), ip("2001:db8::2")}, ip("2001:db8::3"), false},
		"another /64":       {2, many(2, ip("2001:db8::1")), ip("2001:db8:0:1::1"), true},
		"default":           {0, many(256, ip("192.0.2.1")), ip("192.0.2.1"), false},
		"default, one less": {0, many(255, ip("192.0.2.1")), ip("192.0.2.1"), true},
		"off":               {-1, many(300, ip("192.0.2.1")), ip("192.0.2.1"), true},
		"loopback":          {0, many(300, ip("127.0.0.1")), ip("127.0.0.1"), true},
		"loopback, set":     {2, many(2, ip("127.0.0.1")), ip("127.0.0.1"), false},
		"unix":              {2, many(5, unix), unix, true}, // lesson 4: it has no address to go by
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				srv := &socks.Server{Dialer: &echo{}, MaxConnsPerAddr: tc.limit}
				come := func(addr net.Addr) *sockstest.Client {
					near, far := sockstest.Pipe()
					go srv.ServeConn(context.Background(), from{near, addr})
					synctest.Wait()
					return sockstest.NewClient(t, far)
				}
				var first *sockstest.Client
				for _, addr := range tc.clients {
					c := come(addr)
					if first == nil {
						first = c
					}
				}
				last := come(tc.last)
				last.Send(toHost4a)
				if tc.served {
					last.Expect(granted)
				} else {
					last.Expect(rejected)
					last.ExpectEnd()
					first.Close() // makes room
					synctest.Wait()
					again := come(tc.last)
					again.Send(toHost4a)
					again.Expect(granted)
				}
				srv.Close()
				require.NoError(t, srv.Shutdown(context.Background()))
			})
		})
	}
}

func TestMaxPending(t *testing.T) {
	for limit, want := range map[int]int{4: 2, 0: 512, -1: 1100} {
		synctest.Test(t, func(t *testing.T) {
			srv := sockstest.Start(t, &socks.Server{Dialer: hang, MaxPending: limit})
			clients := make([]*sockstest.Client, 1100)
			refused := 0
			for i := range clients {
				clients[i] = srv.Client()
				if i == want {
					synctest.Wait() // all before this one are pending
				}
				clients[i].Send(toHost4a)
				if i >= want {
					clients[i].Expect(rejected)
					refused++
				}
				if refused == 5 {
					break
				}
			}
			time.Sleep(soon)
			clients[0].Close()
			synctest.Wait()
			next := srv.Client()
			next.Send(toHost4a)
			require.NoError(t, next.SetReadDeadline(time.Now().Add(time.Second)))
			_, err := next.Read(make([]byte, 1))
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "there is room again")
			assert.NoError(t, srv.Config.Close())
			next.Expect(rejected) // only now
			next.ExpectEnd()
		})
	}
}

// A dialer that overstays its time still counts: what it holds is held.
func TestPendingCountsOverstayers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		srv := sockstest.Start(t, &socks.Server{MaxPending: 1, Dialer: dial(func(ctx context.Context, _, _ string) (net.Conn, error) {
			<-release
			return (&echo{}).DialContext(ctx, "", "")
		})})
		first := srv.Client()
		first.Send(toHost4a)
		synctest.Wait()
		first.Close()
		synctest.Wait()
		second := srv.Client()
		second.Send(toHost4a)
		second.Expect(rejected)
		second.ExpectEnd()
		close(release)
		synctest.Wait()
		third := srv.Client()
		third.Send(greetNone + toHost)
		third.Expect(choseNone + succeeded)
	})
}
