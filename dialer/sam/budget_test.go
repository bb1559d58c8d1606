package sam

import (
	"io"
	"net"
	"os"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// TestPausedReaders: what peers have sent is whole, for more readers that pause than there is memory
// for in full.
func TestPausedReaders(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := samtest.NewStrict(t)
		a, b := nw.Start(&samtest.Bridge{Router: samtest.I2PD256}), nw.Start(&samtest.Bridge{Router: samtest.I2PD256})
		const size = 960 << 10
		server, client := session(t, a), session(t, b)
		client.ReadAhead = 1 << 20
		client.Budget = NewBudget(24 << 20)
		site(t, server, func(c net.Conn) {
			c.Write(make([]byte, size))
			time.Sleep(2 * time.Second)
		})
		var conns []net.Conn
		for range 14 {
			conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
			require.NoError(t, err)
			conns = append(conns, conn)
			time.Sleep(time.Second)
		}
		time.Sleep(30 * time.Second) // the readers pause, the peers close
		for i, conn := range conns {
			conn.SetReadDeadline(time.Now().Add(time.Minute))
			n, err := io.Copy(io.Discard, conn)
			assert.NoError(t, err, "reader %d", i)
			assert.EqualValues(t, size, n, "reader %d", i)
			conn.Close()
		}
		synctest.Wait()
		assert.Zero(t, client.Budget.Used())
	})
}

// endless is a connection that always has something to read.
type endless struct {
	net.Conn
	closed chan struct{}
	once   sync.Once
}

func (e *endless) Read(p []byte) (int, error) {
	select {
	case <-e.closed:
		return 0, io.EOF
	default:
		return len(p), nil
	}
}
func (e *endless) SetReadDeadline(time.Time) error { return nil }
func (e *endless) Close() error                    { e.once.Do(func() { close(e.closed) }); return nil }

// TestMemoryOfStalledStreams: thousands of streams that nobody reads hold no more than the budget says.
func TestMemoryOfStalledStreams(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &Session{Budget: NewBudget(64 << 20)}
		s.Addr()
		l := fakeLive(t, s, i2pdProfile(hello{}))
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		var streams []*stream
		for range 4000 {
			streams = append(streams, l.newStream(&endless{closed: make(chan struct{})}, dialer.Addr{}))
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		runtime.GC()
		runtime.ReadMemStats(&after)
		assert.LessOrEqual(t, s.Budget.Used(), 64<<20)
		assert.Greater(t, s.Budget.Used(), 56<<20, "it is used")
		assert.Less(t, int64(after.HeapInuse)-int64(before.HeapInuse), int64(80<<20), "and nothing much beside it")
		for _, s := range streams {
			s.Close()
		}
		l.abort()
		synctest.Wait()
		assert.Zero(t, s.Budget.Used())
	})
}

// fakeLive returns a session that no router has.
func fakeLive(t *testing.T, s *Session, p profile) *live {
	here, there := net.Pipe()
	t.Cleanup(func() { there.Close() })
	return s.newLive(bridge{}, p, newControl(here, nil))
}

// TestLostEndIsTold: a reader that let more wait than could be read ahead gets what there is, and then hears that it may not be all;
// but not where the stream goes on.
func TestLostEndIsTold(t *testing.T) {
	for name, lives := range map[string]bool{"over": false, "lives": true} {
		t.Run(name, func(t *testing.T) {
			onRouters(t, i2pds, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
				const size = 5 << 20
				server, client := session(t, a), session(t, b)
				client.ReadAhead = 64 << 10
				site(t, server, func(c net.Conn) {
					c.Write(make([]byte, size))
					if lives {
						time.Sleep(time.Hour + endLost/2)
						c.Write([]byte("x"))
						io.Copy(io.Discard, c)
					}
				})
				conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
				require.NoError(t, err)
				time.Sleep(time.Hour)
				defer conn.Close()
				got, err := int64(0), error(nil)
				for err == nil && (!lives || got <= size) {
					var n int
					n, err = conn.Read(make([]byte, 32<<10))
					got += int64(n)
				}
				if lives {
					require.NoError(t, err, "the silence was a short one")
					conn.SetReadDeadline(time.Now().Add(time.Hour))
					_, err = conn.Read(make([]byte, 1))
					assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "and a long one after that may be")
					return
				}
				assert.Less(t, got, int64(size))
				assert.ErrorIs(t, err, dialer.ErrLimit)
				assert.Zero(t, client.Status().Streams)
			})
		})
	}
}
