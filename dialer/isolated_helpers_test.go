package dialer_test

import (
	"bufio"
	"context"
	"io"
	"net"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// fixture is an Isolated of real sessions, and a site that tells its visitors who they are.
type fixture struct {
	*dialer.Isolated
	bridge *samtest.Bridge // of the Isolated
	site   string          // address
	made   atomic.Int32    // calls of New
	live   atomic.Int32    // backends not closed yet
	most   atomic.Int32    // that live ever was
}

// counted tells the fixture of its end.
type counted struct {
	dialer.Backend
	live *atomic.Int32
}

func (c counted) Close() error {
	defer c.live.Add(-1)
	return c.Backend.Close()
}

func (x *fixture) new(context.Context, string) (dialer.Backend, error) {
	x.made.Add(1)
	for n := x.live.Add(1); ; {
		if most := x.most.Load(); n <= most || x.most.CompareAndSwap(most, n) {
			return counted{session(x.bridge), &x.live}, nil
		}
	}
}

// isolated runs f in fake time.
func isolated(t *testing.T, f func(t *testing.T, x *fixture)) {
	synctest.Test(t, func(t *testing.T) {
		nw := samtest.NewStrict(t)
		x := &fixture{bridge: nw.Start(nil)}
		x.Isolated = &dialer.Isolated{New: x.new}
		x.site = site(t, nw.Start(nil))
		t.Cleanup(func() {
			require.NoError(t, x.Close())
			synctest.Wait()
			assert.Empty(t, x.bridge.Sessions(), "nothing is left behind")
			assert.Zero(t, x.live.Load())
		})
		f(t, x)
	})
}

// heard is the writer of a log that does something whenever there is something to hear.
type heard func()

func (h heard) Write(b []byte) (int, error) { h(); return len(b), nil }

func session(b *samtest.Bridge) *sam.Session {
	return &sam.Session{DialBridge: func(ctx context.Context, _, _ string) (net.Conn, error) { return b.Dial(ctx) }}
}

// site returns the address of a site that writes the visitor's name and reads until it leaves.
func site(t *testing.T, b *samtest.Bridge) string {
	s := session(b)
	t.Cleanup(func() { s.Close() })
	ln, err := s.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				io.WriteString(conn, conn.RemoteAddr().(dialer.Addr).Host+"\n")
				io.Copy(io.Discard, conn)
			}()
		}
	}()
	return ln.Addr().String()
}

// enter opens a stream to the site, and returns as whom.
func (x *fixture) enter(ctx context.Context, key string) (net.Conn, string, error) {
	conn, err := x.Get(key).DialContext(ctx, "tcp", x.site)
	if err != nil {
		return nil, "", err
	}
	who, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		conn.Close()
	}
	return conn, who, err
}

// visit returns as whom the site sees a key.
func (x *fixture) visit(t *testing.T, key string) string {
	conn, who := x.stay(t, key)
	require.NoError(t, conn.Close())
	synctest.Wait()
	return who
}

// stay is visit with a stream that stays open.
func (x *fixture) stay(t *testing.T, key string) (net.Conn, string) {
	conn, who, err := x.enter(t.Context(), key)
	require.NoError(t, err)
	return conn, who
}
