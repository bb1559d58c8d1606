package dialer_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
)

// plain and rich are backends with and without the methods that a Backend need not have.
type plain struct{ dialer.Backend }

type rich struct{ dialer.Backend }

func (rich) LookupAddr(_ context.Context, host string) (string, error) {
	return strings.ToUpper(host), nil
}

func (rich) ListenPacket(context.Context, string, string) (net.PacketConn, error) {
	a, b := net.Pipe()
	return packets{Conn: a, other: b}, nil
}

type packets struct {
	net.PacketConn
	net.Conn
	other net.Conn
}

func (p packets) Close() error { p.other.Close(); return p.Conn.Close() }

func (packets) LocalAddr() net.Addr                { return nil }
func (packets) SetDeadline(time.Time) error        { return nil }
func (packets) SetReadDeadline(t time.Time) error  { return nil }
func (packets) SetWriteDeadline(t time.Time) error { return nil }

func TestIsolatedOptionalMethods(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		x.New = func(_ context.Context, key string) (dialer.Backend, error) {
			if key == "rich" {
				return rich{session(x.bridge)}, nil
			}
			return plain{session(x.bridge)}, nil
		}
		type optional interface {
			LookupAddr(ctx context.Context, host string) (string, error)
			ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
		}
		_, err := x.Get("plain").(optional).LookupAddr(t.Context(), "a.i2p")
		assert.ErrorIs(t, err, errors.ErrUnsupported)
		_, err = x.Get("plain").(optional).ListenPacket(t.Context(), "udp", ":0")
		assert.ErrorIs(t, err, errors.ErrUnsupported)
		name, err := x.Get("rich").(optional).LookupAddr(t.Context(), "a.i2p")
		require.NoError(t, err)
		assert.Equal(t, "A.I2P", name)
		pc, err := x.Get("rich").(optional).ListenPacket(t.Context(), "udp", ":0")
		require.NoError(t, err)
		time.Sleep(time.Hour)
		assert.Len(t, x.Status(), 1, "kept by its packets alone")
		require.NoError(t, pc.Close())
		time.Sleep(time.Hour)
		assert.Empty(t, x.Status())
	})
}

// stubborn is a backend whose Close lasts until it is aborted.
type stubborn struct {
	dialer.Backend
	aborted chan struct{}
}

func (s stubborn) Close() error {
	<-s.aborted
	return s.Backend.Close()
}

func (s stubborn) Abort() error {
	close(s.aborted)
	return nil
}

// TestIsolatedAbort: all backends are told side by side, those that are being closed or made too.
func TestIsolatedAbort(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		works, late := x.New, make(chan struct{})
		x.New = func(ctx context.Context, key string) (dialer.Backend, error) {
			if key == "late" {
				<-late
			}
			b, err := works(ctx, key)
			return stubborn{b, make(chan struct{})}, err
		}
		one := x.Get("one")
		x.visit(t, "one")
		x.visit(t, "two")
		go one.Close()
		go x.Get("late").Up(t.Context())
		synctest.Wait()
		closed := make(chan error, 1)
		go func() { closed <- x.Close() }()
		synctest.Wait()
		aborted := make(chan error, 1)
		go func() { aborted <- x.Abort() }()
		synctest.Wait()
		close(late)
		assert.NoError(t, <-aborted)
		assert.NoError(t, <-closed)
		assert.NoError(t, x.Abort(), "once more")
	})
	assert.NoError(t, new(dialer.Isolated).Abort(), "never used")
}

// mute is a backend whose Status hangs.
type mute struct {
	dialer.Backend
	until chan struct{}
}

func (m mute) Status() dialer.Status {
	<-m.until
	return m.Backend.Status()
}

// TestIsolatedStatusHangs: a backend that does not tell its status holds up no other.
func TestIsolatedStatusHangs(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		works, until := x.New, make(chan struct{})
		x.New = func(ctx context.Context, key string) (dialer.Backend, error) {
			b, err := works(ctx, key)
			return mute{b, until}, err
		}
		x.visit(t, "one")
		asked := make(chan int, 2)
		go func() { asked <- len(x.Status()) }()
		go func() { x.Get("one").Status(); asked <- 1 }()
		synctest.Wait()
		x.visit(t, "two")
		close(until)
		assert.Equal(t, 2, <-asked+<-asked)
	})
}

// TestIsolatedLoggerUsesIt: no lock is held while a program's handler takes down what happened.
func TestIsolatedLoggerUsesIt(t *testing.T) {
	isolated(t, func(t *testing.T, x *fixture) {
		var log bytes.Buffer
		uses := heard(func() {
			x.Status()
			assert.NotEqual(t, dialer.Closed, x.Get("other").Status().State)
			x.Retire(func(string) bool { return false })
		})
		x.Logger = slog.New(slog.NewTextHandler(io.MultiWriter(&log, uses), &slog.HandlerOptions{Level: slog.LevelDebug}))
		works := x.New
		x.New = func(context.Context, string) (dialer.Backend, error) { return nil, errors.New("refused") }
		require.Error(t, x.Get("one").Up(t.Context()))
		x.New = func(ctx context.Context, key string) (dialer.Backend, error) {
			b, err := works(ctx, key)
			return unclosable{b}, err
		}
		require.NoError(t, x.Get("one").Up(t.Context()))
		time.Sleep(2 * dialer.DefaultIsolatedIdle)
		synctest.Wait()
		for _, message := range []string{"not made", "idle", "not closed well"} {
			assert.Contains(t, log.String(), message)
		}
	})
}

// unclosable is a backend whose end fails.
type unclosable struct{ dialer.Backend }

func (u unclosable) Close() error { u.Backend.Close(); return errors.New("not well") }
