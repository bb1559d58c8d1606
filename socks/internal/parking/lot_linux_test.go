package parking

import (
	"net"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// wire is a socket that may be parked, and the other end.
type wire struct{ near, far *net.UnixConn }

func newWire(t testing.TB) wire {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, 0)
	require.NoError(t, err)
	var w wire
	for i, c := range []**net.UnixConn{&w.near, &w.far} {
		f := os.NewFile(uintptr(fds[i]), "socket")
		conn, err := net.FileConn(f)
		require.NoError(t, err)
		f.Close()
		*c = conn.(*net.UnixConn)
		t.Cleanup(func() { conn.Close() })
	}
	return w
}

func (w wire) raw(t testing.TB) syscall.RawConn {
	rc, err := w.near.SyscallConn()
	require.NoError(t, err)
	return rc
}

// newSpot returns a spot and what tells that it was woken.
func newSpot(t testing.TB, a, b wire) (*Spot, chan struct{}) {
	woken := make(chan struct{}, 100)
	return &Spot{A: a.raw(t), B: b.raw(t), Wake: func() { woken <- struct{}{} }}, woken
}

func expect(t testing.TB, woken chan struct{}, what string) {
	t.Helper()
	select {
	case <-woken:
	case <-time.After(10 * time.Second):
		require.Fail(t, "not woken", what)
	}
}

func TestWhatWakes(t *testing.T) {
	for name, happens := range map[string]func(a, b wire){
		"bytes":           func(a, _ wire) { a.far.Write([]byte("x")) },
		"bytes of second": func(_, b wire) { b.far.Write([]byte("x")) },
		"end":             func(_, b wire) { b.far.CloseWrite() },
		"closed there":    func(a, _ wire) { a.far.Close() },
		"closed here":     func(a, _ wire) { a.near.Close() },
	} {
		for _, before := range []bool{false, true} {
			t.Run(name, func(t *testing.T) {
				var l Lot
				defer l.Close()
				a, b := newWire(t), newWire(t)
				s, woken := newSpot(t, a, b)
				if before {
					happens(a, b)
				}
				if err := l.Park(s); err != nil {
					assert.ErrorIs(t, err, ErrClosed)
					assert.Equal(t, name, "closed here")
					assert.False(t, l.Leave(s))
					return
				}
				if !before {
					assert.Equal(t, 1, l.Len())
					happens(a, b)
				}
				expect(t, woken, name)
				assert.False(t, l.Leave(s))
				assert.Zero(t, l.Len())
				assert.Empty(t, woken, "once")
			})
		}
	}
}

func TestLeave(t *testing.T) {
	var l Lot
	a, b := newWire(t), newWire(t)
	s, woken := newSpot(t, a, b)
	for range 100 {
		require.NoError(t, l.Park(s))
		assert.True(t, l.Leave(s))
		assert.False(t, l.Leave(s))
	}
	a.far.Write([]byte("x"))
	require.NoError(t, l.Park(s))
	expect(t, woken, "what is there already")
	assert.Empty(t, woken)
	l.Close()
	assert.ErrorIs(t, l.Park(s), ErrClosed)
}

// A number of a descriptor that comes again is another socket.
func TestReusedDescriptor(t *testing.T) {
	var l Lot
	defer l.Close()
	for range 50 {
		a, b := newWire(t), newWire(t)
		s, woken := newSpot(t, a, b)
		require.NoError(t, l.Park(s))
		a.near.Close()
		c := newWire(t)
		next, nextWoken := newSpot(t, c, c)
		next.B = nil
		require.NoError(t, l.Park(next))
		expect(t, woken, "closed")
		c.far.Write([]byte("x"))
		expect(t, nextWoken, "bytes")
		for _, w := range []wire{a, b, c} {
			w.near.Close()
			w.far.Close()
		}
	}
}

// FuzzLot does random things to four spots and checks that they are woken when they must be, and never else.
func FuzzLot(f *testing.F) {
	f.Add([]byte{0, 8, 0, 16, 1, 9, 0, 40, 0, 8, 24})
	f.Add([]byte("\x00\x01\x02\x03 \x08\x09()0189@ABC"))
	f.Fuzz(func(t *testing.T, ops []byte) {
		type state struct {
			a, b          wire
			s             *Spot
			woken         chan struct{}
			parked, ready bool // ready: something is to be read
			closed        bool
		}
		var l Lot
		defer l.Close()
		spots := make([]*state, 4)
		for i := range spots {
			st := &state{a: newWire(t), b: newWire(t)}
			st.s, st.woken = newSpot(t, st.a, st.b)
			spots[i] = st
		}
		for _, op := range ops[:min(len(ops), 60)] {
			st := spots[op%4]
			w := st.a
			if op&4 != 0 {
				w = st.b
			}
			switch op >> 3 % 8 {
			case 0, 1: // park
				if st.parked {
					continue
				}
				err := l.Park(st.s)
				require.Equal(t, st.closed, err != nil, "%v", err)
				st.parked = err == nil
			case 2: // leave; one that is ready was woken below
				require.Equal(t, st.parked, l.Leave(st.s))
				st.parked = false
			case 3:
				if _, err := w.far.Write([]byte("x")); err == nil {
					st.ready = true
				}
			case 4:
				w.far.CloseWrite()
				st.ready = true
			case 5:
				w.far.Close()
				st.ready = true
			case 6:
				w.near.Close()
				st.closed = true
			case 7: // read all
				if st.closed {
					continue
				}
				st.ready = false
				for _, w := range []wire{st.a, st.b} {
					w.near.SetReadDeadline(time.Now().Add(time.Millisecond))
					_, err := w.near.Read(make([]byte, 100))
					if err == nil {
						w.near.SetReadDeadline(time.Now().Add(time.Millisecond))
						_, err = w.near.Read(make([]byte, 100))
					}
					w.near.SetReadDeadline(time.Time{})
					st.ready = st.ready || !os.IsTimeout(err)
				}
			}
			if st.parked && (st.ready || st.closed) {
				expect(t, st.woken, "ready")
				st.parked = false
			}
			parked := 0
			for _, st := range spots {
				require.Empty(t, st.woken, "never without a reason")
				if st.parked {
					parked++
				}
			}
			require.Equal(t, parked, l.Len())
		}
		for _, st := range spots {
			require.Equal(t, st.parked, l.Leave(st.s))
			for _, w := range []wire{st.a, st.b} {
				w.near.Close()
				w.far.Close()
			}
		}
	})
}
