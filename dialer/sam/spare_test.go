package sam

import (
	"context"
	"net"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// frequent is a client that has dialled twice just now, and what it has opened to the bridge.
type frequent struct {
	*Session
	bridge *samtest.Bridge
	to     string

	mu     sync.Mutex
	opened []net.Conn
}

func newFrequent(t *testing.T, a, b *samtest.Bridge) *frequent {
	server := session(t, a)
	site(t, server, banner)
	f := &frequent{bridge: b, to: server.Addr().Host + ":80"}
	f.Session = &Session{DialBridge: func(ctx context.Context, _, _ string) (net.Conn, error) {
		conn, err := b.Dial(ctx)
		f.mu.Lock()
		defer f.mu.Unlock()
		f.opened = append(f.opened, conn)
		return conn, err
	}}
	t.Cleanup(func() { f.Close() })
	require.NoError(t, f.Up(t.Context()))
	assert.False(t, f.dial(t), "the first")
	assert.False(t, f.dial(t), "the second")
	return f
}

// dial opens a stream and reports whether that needed no new connection.
func (f *frequent) dial(t *testing.T) (spared bool) {
	t.Helper()
	synctest.Wait()
	before := f.bridge.Stats().Connections
	conn, err := f.DialContext(t.Context(), "tcp", f.to)
	require.NoError(t, err)
	_, err = conn.Read(make([]byte, 1))
	require.NoError(t, err)
	conn.Close()
	connects := f.connects()
	return connects[len(connects)-1].Conn <= before
}

func (f *frequent) connects() []samtest.Command {
	return slices.DeleteFunc(f.bridge.Commands(), func(c samtest.Command) bool { return c.Name != "STREAM CONNECT" })
}

// last is the connection that was opened last.
func (f *frequent) last() net.Conn {
	synctest.Wait()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.opened[len(f.opened)-1]
}

// TestSpareConnection: dials that follow close upon each other find a connection ready. It does not stay.
func TestSpareConnection(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		f := newFrequent(t, a, b)
		for range 5 {
			assert.True(t, f.dial(t))
		}
		time.Sleep(spareFor)
		assert.False(t, f.dial(t), "it waits for a second alone")
		time.Sleep(5 * time.Second)
		assert.Equal(t, 1, b.Stats().Open, "the session")
		f.dial(t)
		time.Sleep(5 * time.Second)
		assert.Equal(t, 1, b.Stats().Open, "nor is one made for a dial by itself")
	})
}

// TestSpareConnectionDies unnoticed, and the dial does not fail for that.
func TestSpareConnectionDies(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		f := newFrequent(t, a, b)
		f.last().Close()
		assert.False(t, f.dial(t))
		assert.True(t, f.dial(t))
	})
}

// TestSpareConnectionAnswers: what a router says to a dial is its answer, by whatever connection, and the end of a context ends it.
func TestSpareConnectionAnswers(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		f := newFrequent(t, a, b)
		synctest.Wait()
		asked := len(f.connects())
		b.Inject(samtest.Fault{On: "STREAM CONNECT", Result: "CONNECTION_REFUSED"})
		_, err := f.DialContext(t.Context(), "tcp", f.to)
		assert.ErrorIs(t, err, dialer.ErrRefused)
		assert.Len(t, f.connects(), asked+1)

		assert.False(t, f.dial(t), "none is made for a dial that failed")
		synctest.Wait()
		b.Inject(samtest.Fault{On: "STREAM CONNECT", Delay: time.Hour})
		ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
		defer cancel()
		begin := time.Now()
		_, err = f.DialContext(ctx, "tcp", f.to)
		assert.ErrorIs(t, err, dialer.ErrTimeout)
		assert.Equal(t, 3*time.Second, time.Since(begin))
		assert.Len(t, f.connects(), asked+3)
	})
}

// TestSpareConnectionEnds with the session, also one that is just being made.
func TestSpareConnectionEnds(t *testing.T) {
	for name, delay := range map[string]time.Duration{"made": 0, "being made": time.Hour} {
		t.Run(name, func(t *testing.T) {
			onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
				f := newFrequent(t, a, b)
				if delay > 0 {
					f.dial(t)
					synctest.Wait()
					b.Inject(samtest.Fault{On: "HELLO", Delay: delay})
				}
				f.dial(t)
				synctest.Wait()
				require.NoError(t, f.Close())
				assert.ErrorIs(t, f.last().SetDeadline(time.Time{}), net.ErrClosed)
				assert.Zero(t, f.Status().Streams)
			})
		})
	}
}
