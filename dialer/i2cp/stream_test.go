package i2cp

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/keys"
)

type halfCloser interface {
	CloseWrite() error
	SetHalfClose(on bool) error
	SetLinger(sec int) error
}

// Streams come whole through links that lose, reorder and double.
func TestLossyLinks(t *testing.T) {
	links := map[string]i2cptest.Link{
		"loss":    {Delay: 50 * time.Millisecond, Jitter: 10 * time.Millisecond, Loss: 0.03, Rate: 1 << 20},
		"reorder": {Delay: 50 * time.Millisecond, Reorder: 0.2, Duplicate: 0.1},
		"slow":    {Delay: 200 * time.Millisecond, Rate: 100_000, Queue: 30_000},
	}
	for name, link := range links {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				nw := i2cptest.NewStrict(t)
				client, server := streamPair(t, on(t, nw.Start(&i2cptest.Router{Link: link})), on(t, nw.Start(&i2cptest.Router{Link: link})))
				const size = 2 << 20
				begin := time.Now()
				var both errgroup.Group
				for _, c := range []net.Conn{client, server} {
					both.Go(func() error {
						_, err := io.Copy(c, io.LimitReader(rand.NewChaCha8([32]byte{1}), size))
						return err
					})
					both.Go(func() error {
						got, want := sha256.New(), sha256.New()
						if _, err := io.CopyN(got, c, size); err != nil {
							return err
						}
						io.CopyN(want, rand.NewChaCha8([32]byte{1}), size)
						assert.Equal(t, want.Sum(nil), got.Sum(nil))
						return nil
					})
				}
				require.NoError(t, both.Wait())
				t.Logf("2 MiB each way in %v", time.Since(begin))
			})
		})
	}
}

// Half-close works in each direction, and CloseWrite loses nothing that comes.
func TestHalfClose(t *testing.T) {
	for _, dialerFirst := range []bool{true, false} {
		synctest.Test(t, func(t *testing.T) {
			nw := i2cptest.NewStrict(t)
			first, second := streamPair(t, on(t, nw.Start(nil)), on(t, nw.Start(nil)))
			if !dialerFirst {
				first, second = second, first
			}
			_, err := io.WriteString(first, "question")
			require.NoError(t, err)
			require.NoError(t, first.(halfCloser).CloseWrite())
			_, err = first.Write([]byte("more"))
			require.ErrorIs(t, err, syscall.EPIPE)
			got, err := io.ReadAll(second)
			require.NoError(t, err)
			assert.Equal(t, "question", string(got))
			answer := bytes.Repeat([]byte("answer"), 100_000)
			go func() {
				second.Write(answer)
				second.Close()
			}()
			got, err = io.ReadAll(first)
			require.NoError(t, err)
			assert.True(t, bytes.Equal(answer, got))
		})
	}
}

func TestReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		client, server := streamPair(t, on(t, nw.Start(nil)), on(t, nw.Start(nil)))
		require.NoError(t, client.(halfCloser).SetLinger(0))
		require.NoError(t, client.Close())
		_, err := server.Read(make([]byte, 1))
		assert.ErrorIs(t, err, syscall.ECONNRESET)
		_, err = client.Read(make([]byte, 1))
		assert.ErrorIs(t, err, net.ErrClosed)
		for _, err := range []error{
			client.Close(), client.SetDeadline(time.Time{}), client.(halfCloser).CloseWrite(),
			client.(halfCloser).SetHalfClose(true), client.(halfCloser).SetLinger(1),
		} {
			assert.ErrorIs(t, err, net.ErrClosed)
		}
	})
}

// A slow reader loses nothing, however soon the writer leaves.
func TestSlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		a := on(t, nw.Start(nil))
		client, server := streamPair(t, a, on(t, nw.Start(nil)))
		const size = 3 << 20
		go func() {
			io.Copy(client, io.LimitReader(rand.NewChaCha8([32]byte{1}), size))
			client.Close()
		}()
		got := make([]byte, 0, size)
		for buf := make([]byte, 50_000); ; time.Sleep(time.Second) {
			n, err := server.Read(buf)
			got = append(got, buf[:n]...)
			if err == io.EOF {
				break
			}
			require.NoError(t, err)
		}
		want := make([]byte, size)
		rand.NewChaCha8([32]byte{1}).Read(want)
		assert.True(t, bytes.Equal(want, got))
	})
}

// Close delivers what was written, and then ends the session.
func TestCloseDelivers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		a := on(t, nw.Start(&i2cptest.Router{Link: i2cptest.Link{Delay: 300 * time.Millisecond}}))
		client, server := streamPair(t, a, on(t, nw.Start(nil)))
		_, err := client.Write(make([]byte, 500_000))
		require.NoError(t, err)
		require.NoError(t, a.Close())
		got, err := io.ReadAll(server)
		require.NoError(t, err)
		assert.Len(t, got, 500_000)
		_, err = client.Write([]byte("x"))
		require.ErrorIs(t, err, net.ErrClosed)
		_, err = a.DialContext(t.Context(), "tcp", server.RemoteAddr().String())
		require.ErrorIs(t, err, dialer.ErrSessionClosed)
		require.NoError(t, a.Close())
	})
}

// A peer that is gone makes Close wait for some seconds, not for ever.
func TestCloseIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		a, far := on(t, nw.Start(nil)), nw.Start(nil)
		client, _ := streamPair(t, a, on(t, far))
		far.Kill()
		_, err := client.Write(make([]byte, 100_000))
		require.NoError(t, err)
		begin := time.Now()
		require.NoError(t, a.Close())
		assert.Equal(t, closeGrace, time.Since(begin))
		_, err = client.Read(make([]byte, 1))
		assert.Error(t, err)
	})
}

// Abort takes no time, also when Close has begun.
func TestAbort(t *testing.T) {
	for _, closing := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			nw := i2cptest.NewStrict(t)
			a, far := on(t, nw.Start(nil)), nw.Start(nil)
			client, _ := streamPair(t, a, on(t, far))
			far.Kill()
			_, err := client.Write(make([]byte, 100_000))
			require.NoError(t, err)
			var closed errgroup.Group
			if closing {
				closed.Go(a.Close)
				synctest.Wait()
			}
			begin := time.Now()
			require.NoError(t, a.Abort())
			require.NoError(t, closed.Wait())
			assert.Zero(t, time.Since(begin))
			assert.Equal(t, dialer.Closed, a.Status().State)
		})
	}
}

// Streams live on while their router is started again.
func TestStreamsOutliveRouter(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		r := nw.Start(&i2cptest.Router{Kind: kind})
		a := on(t, r)
		client, server := streamPair(t, a, on(t, nw.Start(nil)))
		var sending errgroup.Group
		const size = 1 << 20
		r.SetLink(i2cptest.Link{Rate: 100_000})
		sending.Go(func() error {
			_, err := io.Copy(client, io.LimitReader(rand.NewChaCha8([32]byte{1}), size))
			client.Close()
			return err
		})
		time.Sleep(time.Second)
		r.Kill()
		time.Sleep(10 * time.Second)
		require.NoError(t, r.Restart())
		got := sha256.New()
		n, err := io.Copy(got, server)
		require.NoError(t, err)
		assert.Equal(t, int64(size), n)
		want := sha256.New()
		io.CopyN(want, rand.NewChaCha8([32]byte{1}), size)
		assert.Equal(t, want.Sum(nil), got.Sum(nil))
		require.NoError(t, sending.Wait())
	})
}

// They do not wait for ever, but for those outages alone that last.
func TestOutage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(nil)
		client, server := streamPair(t, on(t, r), on(t, nw.Start(nil)))
		r.Kill()
		time.Sleep(time.Second)
		require.NoError(t, r.Restart())
		time.Sleep(2 * Outage)
		_, err := client.Write([]byte("x"))
		require.NoError(t, err)
		_, err = server.Read(make([]byte, 1))
		require.NoError(t, err)
		r.Kill()
		begin := time.Now()
		_, err = client.Read(make([]byte, 1))
		assert.ErrorIs(t, err, dialer.ErrRouterDown)
		assert.InDelta(t, Outage.Seconds(), time.Since(begin).Seconds(), 1)
	})
}

// A dead peer ends a stream that writes in bounded time.
func TestPeerDies(t *testing.T) {
	for timeout, want := range map[time.Duration]time.Duration{0: DefaultStreamTimeout, 20 * time.Second: 20 * time.Second} {
		synctest.Test(t, func(t *testing.T) {
			nw := i2cptest.NewStrict(t)
			far := nw.Start(nil)
			client, _ := streamPair(t, on(t, nw.Start(nil), func(s *Session) { s.StreamTimeout = timeout }), on(t, far))
			far.Kill()
			begin := time.Now()
			_, err := client.Write([]byte("hello"))
			require.NoError(t, err)
			_, err = client.Read(make([]byte, 1))
			assert.ErrorIs(t, err, syscall.ETIMEDOUT)
			assert.NotErrorIs(t, err, os.ErrDeadlineExceeded)
			assert.InDelta(t, want.Seconds(), time.Since(begin).Seconds(), 1)
		})
	}
}

// A thousand streams have neither goroutines nor descriptors of their own.
func TestManyStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		link := i2cptest.Link{Delay: 20 * time.Millisecond}
		a, b := on(t, nw.Start(&i2cptest.Router{Link: link})), on(t, nw.Start(&i2cptest.Router{Link: link}), func(s *Session) {
			s.Limits = Limits{PeerPerMinute: -1, Backlog: -1}
		})
		ln := must(t, b, ":80")
		require.NoError(t, a.Up(t.Context()))
		before := runtime.NumGoroutine()
		var dialling errgroup.Group
		for range 1000 {
			dialling.Go(func() error {
				conn, err := a.DialContext(t.Context(), "tcp", ln.Addr().String())
				if err != nil {
					return err
				}
				_, err = io.WriteString(conn, "hello")
				return err
			})
		}
		for range 1000 {
			conn, err := ln.Accept()
			require.NoError(t, err)
			got := make([]byte, 5)
			_, err = io.ReadFull(conn, got)
			require.NoError(t, err)
		}
		require.NoError(t, dialling.Wait())
		assert.Equal(t, 1000, a.Status().Streams)
		synctest.Wait()
		assert.InDelta(t, before, runtime.NumGoroutine(), 5)
		assert.Equal(t, int64(5000), b.Status().Received)
		assert.Equal(t, int64(5000), a.Status().Sent)
	})
}

// A signer that takes its time holds up nothing else.
func TestSlowSigner(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		id, err := keys.Generate()
		require.NoError(t, err)
		a, b := on(t, nw.Start(nil), func(s *Session) { s.Signer = slowly{id} }), on(t, nw.Start(nil))
		ln := must(t, b, ":80")
		first, err := a.DialContext(t.Context(), "tcp", ln.Addr().String())
		require.NoError(t, err)
		server, err := ln.Accept()
		require.NoError(t, err)
		go a.DialContext(t.Context(), "tcp", ln.Addr().String()) // its SYN is with the signer
		synctest.Wait()
		begin := time.Now()
		_, err = io.WriteString(first, "hello")
		require.NoError(t, err)
		_, err = io.ReadFull(server, make([]byte, 5))
		require.NoError(t, err)
		assert.Less(t, time.Since(begin), 500*time.Millisecond)
		time.Sleep(3 * time.Second)
	})
}

// An offline-signed destination works where the router knows such; i2pd refuses it.
func TestTransientSigner(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		id, err := keys.Generate()
		require.NoError(t, err)
		tr, err := keys.NewTransient(id, time.Now().Add(24*time.Hour))
		require.NoError(t, err)
		a := on(t, nw.Start(&i2cptest.Router{Kind: kind}), func(s *Session) { s.Signer = tr })
		if kind != i2cptest.Java {
			err := a.Up(t.Context())
			require.ErrorIs(t, err, errors.ErrUnsupported)
			require.ErrorIs(t, err, dialer.ErrRouter)
			return
		}
		client, server := streamPair(t, a, on(t, nw.Start(nil)))
		assert.Equal(t, id.Destination(), server.RemoteAddr().(dialer.Addr).Destination)
		go client.Write([]byte("hello"))
		_, err = io.ReadFull(server, make([]byte, 5))
		require.NoError(t, err)
	})
}

func TestPing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		link := i2cptest.Link{Delay: 100 * time.Millisecond}
		a, silent := on(t, nw.Start(&i2cptest.Router{Link: link})), on(t, nw.Start(nil))
		b := on(t, nw.Start(nil), func(s *Session) { s.AnswerPings = true })
		require.NoError(t, b.Up(t.Context()))
		require.NoError(t, silent.Up(t.Context()))
		trip, err := a.Ping(t.Context(), b.Addr().Host)
		require.NoError(t, err)
		assert.Equal(t, 100*time.Millisecond, trip)
		begin := time.Now()
		_, err = a.Ping(t.Context(), silent.Addr().Host)
		require.ErrorIs(t, err, dialer.ErrTimeout)
		assert.Equal(t, 30*time.Second, time.Since(begin))
		_, err = a.Ping(t.Context(), "example.com")
		require.ErrorIs(t, err, dialer.ErrNotI2P)
		go a.Close()
		_, err = a.Ping(t.Context(), silent.Addr().Host)
		require.ErrorIs(t, err, dialer.ErrSessionClosed)
	})
}
