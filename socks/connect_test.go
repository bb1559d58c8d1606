package socks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConnectReachesThePeer(t *testing.T) {
	for name, msg := range map[string][2]string{
		"5":  {greetNone + toHost, choseNone + succeeded},
		"4a": {toHost4a, granted},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := sockstest.Start(t, &socks.Server{Dialer: &echo{}}).Client()
				c.Send(msg[0])
				c.Expect(msg[1])
				relayed(t, c)
			})
		})
	}
}

func TestDialerGetsCanonicalNameAndNothingElse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked []string
		backend := dial(func(_ context.Context, network, address string) (net.Conn, error) {
			asked = append(asked, network, address)
			return nil, errors.New("no")
		})
		srv := sockstest.Start(t, &socks.Server{Dialer: backend})
		c := srv.Client()
		c.Send(greetNone + "05 01 00 03 06 41 2e 49 32 50 2e 00 50") // A.I2P.
		c.Expect(choseNone + failed(1))
		c.ExpectEnd()
		assert.Equal(t, []string{"tcp", "a.i2p:80"}, asked)
	})
}

func TestFailuresAreByteExact(t *testing.T) {
	for code, err := range map[byte]error{
		1: errors.New("any"), 3: syscall.ENETUNREACH, 4: &net.DNSError{IsNotFound: true},
		5: syscall.ECONNREFUSED, 6: context.DeadlineExceeded, 2: errors.ErrUnsupported,
	} {
		synctest.Test(t, func(t *testing.T) {
			srv := sockstest.Start(t, &socks.Server{Dialer: dial(func(context.Context, string, string) (net.Conn, error) {
				return nil, &net.OpError{Op: "dial", Err: err}
			})})
			c := srv.Client()
			c.Send(greetNone + toHost)
			c.Expect(choseNone + failed(code))
			c.ExpectEnd()
			c = srv.Client()
			c.Send(toHost4a)
			c.Expect(rejected)
			c.ExpectEnd()
		})
	}
}

// A reset on unread bytes would overtake the answer.
func TestFailureReachesABusyClient(t *testing.T) {
	for name, tc := range map[string][2]string{
		"refused": {greetNone + toHost, choseNone + failed(5)},
		"policy":  {greetNone + "05 01 00 03 03 61 2e 62 00 50", choseNone + failed(2)},
		"command": {greetNone + "05 02 00 03 05 61 2e 69 32 70 00 50", choseNone + failed(7)},
		"auth":    {"05 01 ff", "05 ff"},
		"4a":      {toHost4a, rejected},
	} {
		t.Run(name, func(t *testing.T) {
			near, far := tcpPipe(t)
			srv := &socks.Server{Dialer: dial(func(context.Context, string, string) (net.Conn, error) {
				return nil, syscall.ECONNREFUSED
			})}
			done := make(chan error, 1)
			c := sockstest.NewClient(t, far)
			_, err := c.Write(append(unhex(t, tc[0]), make([]byte, 100<<10)...))
			require.NoError(t, err)
			go func() { done <- srv.ServeConn(t.Context(), near) }()
			c.Expect(tc[1])
			c.ExpectEnd()
			c.Close()
			assert.Error(t, <-done)
		})
	}
}

func TestOtherCommandsAreNotSupported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := sockstest.Start(t, &socks.Server{Dialer: never(t)})
		for _, cmd := range []string{"02", "03", "f0", "f1"} {
			c := srv.Client()
			c.Send(greetNone + "05" + cmd + "00 03 05 61 2e 69 32 70 00 50")
			c.Expect(choseNone + failed(7))
			c.ExpectEnd()
			c = srv.Client()
			c.Send("04" + cmd + "00 50 00 00 00 01 00 61 2e 69 32 70 00")
			c.Expect(rejected)
			c.ExpectEnd()
		}
	})
}

// Lesson 5: early bytes arrive once, whole, and only after success.
func TestEarlyDataIsKept(t *testing.T) {
	bytes := strings.Fields(greetNone + " " + toHost + " 47 45 54") // GET
	for i := range len(bytes) + 1 {
		synctest.Test(t, func(t *testing.T) {
			near, far := sockstest.Pipe()
			release := make(chan struct{})
			srv := sockstest.Start(t, &socks.Server{Dialer: dial(func(context.Context, string, string) (net.Conn, error) {
				<-release
				return near, nil
			})})
			c := srv.Client()
			c.Send(strings.Join(bytes[:i], ""))
			synctest.Wait()
			c.Send(strings.Join(bytes[i:], ""))
			synctest.Wait()
			close(release)
			c.Expect(choseNone + succeeded)
			c.CloseWrite()
			got, err := io.ReadAll(far)
			require.NoError(t, err)
			assert.Equal(t, "GET", string(got), "cut at %d", i)
			far.Close()
		})
	}
}

// A client may send much while its peer is dialled: it is made to wait, not cut short.
func TestEarlyDataBeyondTheBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := sockstest.Pipe()
		release := make(chan struct{})
		srv := sockstest.Start(t, &socks.Server{Dialer: dial(func(context.Context, string, string) (net.Conn, error) {
			<-release
			return near, nil
		})})
		c := srv.Client()
		c.Send(greetNone + toHost)
		sent := strings.Repeat("0123456789abcdef", 32<<10)
		go func() {
			io.WriteString(c, sent)
			c.CloseWrite()
		}()
		synctest.Wait()
		close(release)
		got, err := io.ReadAll(far)
		require.NoError(t, err)
		assert.True(t, sent == string(got), "%d of %d bytes", len(got), len(sent))
		far.Close()
	})
}

func TestNothingIsDeliveredWithoutSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sockstest.Start(t, &socks.Server{Dialer: hang, DialTimeout: time.Second}).Client()
		c.Send(greetNone + toHost + "ff ff")
		c.Expect(choseNone + failed(6))
		c.ExpectEnd()
	})
}

func TestServerSpeaksFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := sockstest.Pipe()
		io.WriteString(far, "220 hello")
		c := sockstest.Start(t, &socks.Server{Dialer: dial(func(context.Context, string, string) (net.Conn, error) {
			return near, nil
		})}).Client()
		c.Send(greetNone + toHost)
		c.Expect(choseNone + succeeded + fmt.Sprintf("%x", "220 hello"))
		far.Close()
		c.ExpectEnd()
	})
}

// Most servers lose a part of what comes back after the client has ended its direction.
func TestEchoAfterHalfCloseIsWhole(t *testing.T) {
	near, far := tcpPipe(t)
	defer far.Close()
	done := make(chan error, 1)
	go func() { done <- (&socks.Server{Dialer: &echo{}}).ServeConn(t.Context(), near) }()
	c := sockstest.NewClient(t, far)
	c.Send(greetNone + toHost)
	c.Expect(choseNone + succeeded)
	go func() {
		io.CopyN(c, zeros{}, 8<<20)
		c.CloseWrite()
	}()
	n, err := io.Copy(io.Discard, far)
	assert.NoError(t, err)
	assert.EqualValues(t, 8<<20, n)
	assert.NoError(t, <-done)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { return len(p), nil }

func TestClientLeavingEndsTheDial(t *testing.T) {
	for name, early := range map[string]string{"silent": "", "after early bytes": "01 02 03"} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ended := make(chan time.Duration, 1)
				srv := sockstest.Start(t, &socks.Server{Dialer: dial(func(ctx context.Context, _, _ string) (net.Conn, error) {
					start := time.Now()
					<-ctx.Done()
					ended <- time.Since(start)
					return nil, ctx.Err()
				})})
				c := srv.Client()
				c.Send(greetNone + toHost + early)
				c.Expect(choseNone)
				time.Sleep(time.Second)
				c.Close()
				assert.Equal(t, time.Second, <-ended)
			})
		})
	}
}

// A dialer that overstays: the client is answered in time, the connection that comes late is closed.
func TestLateConnectionIsClosed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := sockstest.Pipe()
		c := sockstest.Start(t, &socks.Server{DialTimeout: time.Second, Dialer: dial(func(context.Context, string, string) (net.Conn, error) {
			time.Sleep(time.Minute)
			return near, nil
		})}).Client()
		start := time.Now()
		c.Send(greetNone + toHost)
		c.Expect(choseNone + failed(6))
		assert.Equal(t, time.Second, time.Since(start))
		_, err := far.Read(make([]byte, 1))
		assert.Equal(t, io.EOF, err)
		assert.Equal(t, time.Minute, time.Since(start))
	})
}

// noHalfClose is a connection whose transport ends both directions at once, such as SAM.
type noHalfClose struct{ net.Conn }

// A client that is still sending when its peer ends must get what the peer sent before.
func TestEndOfPeerReachesABusyClient(t *testing.T) {
	peerNear, peer := sockstest.Pipe()
	near, far := tcpPipe(t)
	defer far.Close()
	srv := &socks.Server{Dialer: dial(func(context.Context, string, string) (net.Conn, error) { return noHalfClose{peerNear}, nil })}
	done := make(chan error, 1)
	go func() { done <- srv.ServeConn(t.Context(), near) }()
	c := sockstest.NewClient(t, far)
	c.Send(toHost4a)
	c.Expect(granted)
	_, err := c.Write(make([]byte, 256<<10)) // more than the peer takes
	require.NoError(t, err)
	go func() {
		peer.Write(make([]byte, 2<<20))
		peer.Close()
	}()
	buf, total := make([]byte, 64<<10), 0
	for err = nil; err == nil; time.Sleep(5 * time.Millisecond) { // a slow reader
		var n int
		n, err = c.Read(buf)
		total += n
	}
	assert.Equal(t, io.EOF, err)
	assert.Equal(t, 2<<20, total)
	c.Close()
	assert.NoError(t, <-done)
}

type oddAddr struct{ net.Conn }

func (oddAddr) LocalAddr() net.Addr  { return nil }
func (oddAddr) RemoteAddr() net.Addr { return &net.UnixAddr{Name: "no port", Net: "i2p"} }

// Lesson 1.3 of the field: other servers fail or panic over such connections.
func TestOddConnections(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := sockstest.Pipe()
		c := sockstest.Start(t, &socks.Server{Dialer: dial(func(context.Context, string, string) (net.Conn, error) {
			return oddAddr{near}, nil
		})}).Client()
		c.Send(greetNone + toHost)
		c.Expect(choseNone + succeeded)
		far.Close()
		c.ExpectEnd()
	})
	for name, srv := range map[string]*socks.Server{
		"no connection, no error": {Dialer: dial(func(context.Context, string, string) (net.Conn, error) { return nil, nil })},
		"no dialer":               {},
		"none selected":           {Select: func(context.Context, *socks.Request) (proxyDialer, error) { return nil, nil }},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := sockstest.Start(t, srv).Client()
				c.Send(greetNone + toHost)
				c.Expect(choseNone + failed(1))
				c.ExpectEnd()
			})
		})
	}
}

func TestSelectSeesTheRequest(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := sockstest.Start(t, &socks.Server{
			Dialer: never(t),
			Select: func(_ context.Context, r *socks.Request) (proxyDialer, error) {
				assert.Equal(t, []any{socks.SOCKS5, socks.Connect, "a.i2p:80", "u", "p"},
					[]any{r.Version, r.Command, r.Addr(), r.Username, r.Password})
				assert.NotNil(t, r.Client)
				assert.NotNil(t, r.Local)
				return &echo{}, nil
			},
		})
		c := srv.Client()
		c.Send("05 02 00 02  01 01 75 01 70" + toHost)
		c.Expect("05 02 01 00" + succeeded)
		relayed(t, c)
	})
}

func TestPolicyComesFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := sockstest.Start(t, &socks.Server{
			Dialer: never(t),
			Select: func(context.Context, *socks.Request) (proxyDialer, error) {
				t.Error("selected")
				return nil, nil
			},
			Allow: func(context.Context, *socks.Request) error { return context.DeadlineExceeded },
		})
		c := srv.Client()
		c.Send(greetNone + toHost)
		c.Expect(choseNone + failed(2)) // whatever the error means elsewhere
		c.ExpectEnd()
	})
}

func TestDialTimeoutCanBeOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sockstest.Start(t, &socks.Server{DialTimeout: -1, Dialer: dial(func(ctx context.Context, _, _ string) (net.Conn, error) {
			_, limited := ctx.Deadline()
			assert.False(t, limited)
			time.Sleep(24 * time.Hour)
			return (&echo{}).DialContext(ctx, "", "")
		})}).Client()
		c.Send(greetNone + toHost)
		time.Sleep(24 * time.Hour)
		c.Expect(choseNone + succeeded)
		relayed(t, c)
	})
}
