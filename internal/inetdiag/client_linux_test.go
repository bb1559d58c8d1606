package inetdiag

import (
	"errors"
	"io/fs"
	"net"
	"net/netip"
	"os"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// pair returns the two ends of a connection. A server of "tcp" has sockets of IPv6 for clients of IPv4 as well.
func pair(t testing.TB, network, listen, dial string) (server, client *net.TCPConn) {
	l, err := net.Listen(network, net.JoinHostPort(listen, "0"))
	require.NoError(t, err)
	defer l.Close()
	_, port, _ := net.SplitHostPort(l.Addr().String())
	c, err := net.Dial("tcp", net.JoinHostPort(dial, port))
	require.NoError(t, err)
	s, err := l.Accept()
	require.NoError(t, err)
	t.Cleanup(func() { s.Close(); c.Close() })
	return s.(*net.TCPConn), c.(*net.TCPConn)
}

func TestPeer(t *testing.T) {
	for name, a := range map[string][3]string{
		"IPv4":   {"tcp4", "127.0.0.1", "127.0.0.1"},
		"IPv6":   {"tcp6", "::1", "::1"},
		"mapped": {"tcp", "::", "127.0.0.1"},
	} {
		t.Run(name, func(t *testing.T) {
			var c Client
			defer c.Close()
			server, client := pair(t, a[0], a[1], a[2])
			inode, err := inodeOf(client)
			require.NoError(t, err)
			want := Info{State: Established, Inode: uint32(inode), UID: uint32(os.Getuid())}
			got, err := c.Peer(server)
			require.NoError(t, err)
			assert.Equal(t, want, got)

			require.NoError(t, client.CloseWrite())
			want.State = FinWait2
			require.Eventually(t, func() bool { got, err = c.Peer(server); return got.State == FinWait2 }, time.Minute, time.Millisecond)
			assert.Equal(t, want, got, "ended one direction, and still open")

			require.NoError(t, client.Close())
			require.Eventually(t, func() bool { got, err = c.Peer(server); return got.Inode == 0 }, time.Minute, time.Millisecond)
			require.NoError(t, err)
			assert.Contains(t, []State{FinWait2, TimeWait}, got.State)
		})
	}
}

func TestNoSuchPeer(t *testing.T) {
	var c Client
	defer c.Close()
	server, client := pair(t, "tcp4", "127.0.0.1", "127.0.0.1")
	_, err := c.TCP(netip.MustParseAddrPort("127.0.0.1:1"), client.LocalAddr().(*net.TCPAddr).AddrPort())
	assert.ErrorIs(t, err, fs.ErrNotExist)
	require.NoError(t, client.SetLinger(0))
	require.NoError(t, client.Close()) // a reset ends both
	require.Eventually(t, func() bool { _, err = c.Peer(server); return err != nil }, time.Minute, time.Millisecond)
	assert.ErrorIs(t, err, errors.ErrUnsupported, "nor is there its own end")
	require.NoError(t, server.Close())
	_, err = c.Peer(server)
	assert.ErrorIs(t, err, net.ErrClosed)
}

// thread runs f in a thread of its own, which ends with it.
func thread(f func()) {
	var wg sync.WaitGroup
	wg.Go(func() {
		runtime.LockOSThread()
		f()
	})
	wg.Wait()
}

func TestUserOfPeer(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to be another user")
	}
	const nobody = 65534
	l, err := net.Listen("tcp4", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	fd := -1
	thread(func() {
		unix.SetfsuidRetUid(nobody) // who is asked when a socket is made
		fd, err = unix.Socket(unix.AF_INET, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	})
	require.NoError(t, err)
	defer unix.Close(fd)
	port := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, unix.Connect(fd, &unix.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}, Port: port}))
	server, err := l.Accept()
	require.NoError(t, err)
	defer server.Close()
	var c Client
	defer c.Close()
	got, err := c.Peer(server.(*net.TCPConn))
	require.NoError(t, err)
	assert.Equal(t, uint32(nobody), got.UID)
	assert.NotZero(t, got.Inode)
}

func TestOtherNamespace(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, for a network namespace")
	}
	server, _ := pair(t, "tcp4", "127.0.0.1", "127.0.0.1")
	var c Client
	defer c.Close()
	var err error
	thread(func() {
		if err = unix.Unshare(unix.CLONE_NEWNET); err == nil {
			_, err = c.Peer(server)
		}
	})
	assert.ErrorIs(t, err, errors.ErrUnsupported)
	assert.NotErrorIs(t, err, fs.ErrNotExist, "which would say that the peer is gone")
	require.NoError(t, c.Close())
	_, err = c.Peer(server)
	assert.NoError(t, err)
}

func TestSilentKernel(t *testing.T) {
	var c Client
	defer c.Close()
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	require.NoError(t, err)
	defer unix.Close(fds[1])
	require.NoError(t, c.connect())
	require.NoError(t, unix.Dup3(fds[0], c.fd, unix.O_CLOEXEC)) // nobody answers there
	require.NoError(t, unix.Close(fds[0]))
	limit := unix.NsecToTimeval(int64(time.Millisecond))
	require.NoError(t, unix.SetsockoptTimeval(c.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &limit))
	a := netip.MustParseAddrPort("127.0.0.1:1")
	_, err = c.TCP(a, a)
	assert.ErrorIs(t, err, os.ErrDeadlineExceeded)

	// The answer to the first question comes late, in front of the second's.
	for seq, inode := range []uint32{1: 7, 2: 8} {
		if seq > 0 {
			_, err = unix.Write(fds[1], answer(uint32(seq), unix.AF_INET, a, a, Info{Inode: inode}))
			require.NoError(t, err)
		}
	}
	got, err := c.TCP(a, a)
	require.NoError(t, err)
	assert.Equal(t, uint32(8), got.Inode)
}

func TestWhatFails(t *testing.T) {
	for errno, want := range map[syscall.Errno]error{
		unix.EPERM:           errors.ErrUnsupported, // sandboxes
		unix.EACCES:          errors.ErrUnsupported,
		unix.EAFNOSUPPORT:    errors.ErrUnsupported,
		unix.EPROTONOSUPPORT: errors.ErrUnsupported,
		unix.ENOENT:          fs.ErrNotExist,
		unix.EAGAIN:          os.ErrDeadlineExceeded,
		unix.EMFILE:          unix.EMFILE,
	} {
		err := classify("socket", errno)
		assert.ErrorIs(t, err, want)
		if want != errors.ErrUnsupported {
			assert.NotErrorIs(t, err, errors.ErrUnsupported)
		}
	}
}

func TestManyAsk(t *testing.T) {
	var c Client
	defer c.Close()
	var wg sync.WaitGroup
	for range 8 {
		server, client := pair(t, "tcp4", "127.0.0.1", "127.0.0.1")
		inode, err := inodeOf(client)
		require.NoError(t, err)
		wg.Go(func() {
			for range 50 {
				got, err := c.Peer(server)
				assert.NoError(t, err)
				assert.Equal(t, uint32(inode), got.Inode)
			}
		})
	}
	wg.Wait()
}

func BenchmarkPeer(b *testing.B) {
	var c Client
	defer c.Close()
	server, _ := pair(b, "tcp4", "127.0.0.1", "127.0.0.1")
	for b.Loop() {
		if _, err := c.Peer(server); err != nil {
			b.Fatal(err)
		}
	}
}
