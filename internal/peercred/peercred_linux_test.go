package peercred

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"

	"github.com/go-i2p/i2psocks/internal/procnet"
)

const nobody = 65534

// as runs f on a thread that has the rights of another user, and ends with it.
func as(t testing.TB, user int, f func()) {
	if user != os.Geteuid() && os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	done := make(chan error)
	go func() {
		runtime.LockOSThread() // for good: the thread goes with the goroutine
		if user != os.Geteuid() {
			if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, uintptr(user), uintptr(user), uintptr(user)); e != 0 {
				done <- e
				return
			}
		}
		f()
		done <- nil
	}()
	require.NoError(t, <-done)
}

// ways are the connections whose other end can be told.
var ways = map[string]struct{ network, listen string }{
	"IPv4":           {"tcp4", "127.0.0.1:0"},
	"IPv4, other":    {"tcp4", "127.3.2.1:0"},
	"IPv6":           {"tcp6", "[::1]:0"},
	"IPv4 on IPv6":   {"tcp", ":0"},
	"unix":           {"unix", ""},
	"unix, abstract": {"unix", "@"},
}

// connect makes a connection between this user and one who listens and accepts, if accept is set.
func connect(t testing.TB, way string, user int, accept bool) (client, server net.Conn) {
	w := ways[way]
	listen := w.listen
	if listen == "" {
		dir, err := os.MkdirTemp("", "peercred")
		require.NoError(t, err)
		t.Cleanup(func() { os.RemoveAll(dir) })
		require.NoError(t, os.Chmod(dir, 0o777))
		listen = filepath.Join(dir, "s")
	}
	as(t, user, func() {
		ln, err := net.Listen(w.network, listen)
		if err != nil && w.network == "tcp6" {
			return
		}
		if !assert.NoError(t, err) {
			return
		}
		t.Cleanup(func() { ln.Close() })
		address := ln.Addr().String()
		if w.listen == ":0" {
			address = fmt.Sprintf("127.0.0.1:%d", ln.Addr().(*net.TCPAddr).Port)
		}
		dialled := make(chan error)
		go func() {
			var err error
			client, err = net.Dial(ln.Addr().Network(), address)
			dialled <- err
		}()
		if accept {
			server, err = ln.Accept()
			assert.NoError(t, err)
			t.Cleanup(func() { server.Close() })
		}
		assert.NoError(t, <-dialled)
	})
	if client == nil {
		t.Skip("no such network here")
	}
	t.Cleanup(func() { client.Close() })
	return client, server
}

func TestUID(t *testing.T) {
	for way := range ways {
		for _, user := range []int{os.Geteuid(), nobody, 1 << 30} {
			t.Run(fmt.Sprint(way, " ", user), func(t *testing.T) {
				client, server := connect(t, way, user, true)
				got, err := UID(client)
				require.NoError(t, err)
				assert.Equal(t, user, got, "who listens")
				got, err = UID(server)
				require.NoError(t, err)
				assert.Equal(t, os.Geteuid(), got, "who dialled")
			})
		}
	}
}

// TestWhoAccepted: what counts is who accepted, not who listens. The kernel's tables know no more
// than the zero of root until then.
func TestWhoAccepted(t *testing.T) {
	client, _ := connect(t, "IPv4", nobody, false)
	_, err := UID(client)
	assert.ErrorIs(t, err, ErrNotHeld)
}

func TestClosed(t *testing.T) {
	for _, linger := range []int{-1, 0} { // by FIN, and by a reset
		client, server := connect(t, "IPv4", nobody, true)
		require.NoError(t, server.(*net.TCPConn).SetLinger(linger))
		server.Close()
		io.Copy(io.Discard, client)
		_, err := UID(client)
		assert.ErrorIs(t, err, ErrNotHeld, linger)
	}
}

func TestNotAConnection(t *testing.T) {
	pc, err := net.Dial("udp", "127.0.0.1:9")
	require.NoError(t, err)
	defer pc.Close()
	_, err = UID(pc)
	assert.ErrorIs(t, err, errors.ErrUnsupported)
}

// elsewhere says what a process in other namespaces is told about the connection that it got.
func elsewhere() {
	c, err := net.FileConn(os.NewFile(3, "connection"))
	if err != nil {
		fmt.Println(err)
		return
	}
	user, err := UID(c)
	fmt.Println(user, errors.Is(err, errors.ErrUnsupported), errors.Is(err, ErrElsewhere), err)
}

func TestNamespaces(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can make the namespaces")
	}
	alone := []syscall.SysProcIDMap{{ContainerID: 0, HostID: 0, Size: 1}}
	other := []syscall.SysProcIDMap{{ContainerID: 0, HostID: nobody, Size: 1}}
	for name, c := range map[string]struct {
		way   string
		user  int
		flags uintptr
		users []syscall.SysProcIDMap
		want  string
	}{
		"another network":          {"IPv4", 0, syscall.CLONE_NEWNET, nil, "0 true false"},
		"another network, unix":    {"unix", nobody, syscall.CLONE_NEWNET, nil, "65534 false false"},
		"the user is not known":    {"IPv4", nobody, syscall.CLONE_NEWUSER, alone, "0 false true"},
		"the user is not, unix":    {"unix", nobody, syscall.CLONE_NEWUSER, alone, "0 false true"},
		"root has no number":       {"IPv4", 0, syscall.CLONE_NEWUSER, other, "0 false true"},
		"the user is root there":   {"IPv6", nobody, syscall.CLONE_NEWUSER, other, "0 false false <nil>"},
		"root is root there":       {"IPv4", 0, syscall.CLONE_NEWUSER, alone, "0 false false <nil>"},
		"the same, over unix":      {"unix", nobody, syscall.CLONE_NEWUSER, other, "0 false false <nil>"},
		"as here (no namespace)":   {"IPv4", nobody, 0, nil, "65534 false false <nil>"},
		"not this one, not that":   {"IPv4", 1 << 30, syscall.CLONE_NEWUSER, alone, "0 false true"},
		"IPv4 on an IPv6 socket":   {"IPv4 on IPv6", 0, syscall.CLONE_NEWNET, nil, "0 true false"},
		"unknown on an IPv6 socke": {"IPv4 on IPv6", nobody, syscall.CLONE_NEWUSER, alone, "0 false true"},
	} {
		t.Run(name, func(t *testing.T) {
			client, _ := connect(t, c.way, c.user, true)
			f, err := client.(interface{ File() (*os.File, error) }).File()
			require.NoError(t, err)
			defer f.Close()
			cmd := exec.Command("/proc/self/exe")
			cmd.Env = append(os.Environ(), "PEERCRED_TEST_FD=3")
			cmd.ExtraFiles = []*os.File{f}
			cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: c.flags, UidMappings: c.users, GidMappings: c.users}
			out, err := cmd.CombinedOutput()
			require.NoError(t, err, "%s", out)
			assert.True(t, bytes.HasPrefix(out, []byte(c.want)), "%s", out)
		})
	}
}

func TestAcross(t *testing.T) {
	us, them := netip.MustParseAddrPort("127.0.0.1:5"), netip.MustParseAddrPort("127.0.0.1:7656")
	own := end{us, them, 7}
	near := procnet.Socket{Local: us, Remote: them, State: 1, Inode: 7}
	for name, c := range map[string]struct {
		near, far procnet.Socket
		err, want error
	}{
		"none":                 {want: errors.ErrUnsupported},
		"cannot be read":       {err: os.ErrPermission, want: os.ErrPermission},
		"same addresses":       {near: procnet.Socket{State: 1, Inode: 8}, far: procnet.Socket{State: 1, Inode: 9}, want: errors.ErrUnsupported},
		"near alone":           {near: near, want: ErrElsewhere},
		"nothing but listener": {near: near, far: procnet.Socket{State: procnet.Listen, Inode: 9}, want: ErrElsewhere},
		"in the queue":         {near: near, far: procnet.Socket{State: 1}, want: ErrNotHeld},
		"no user":              {near: near, far: procnet.Socket{State: 1, Inode: 9, UID: 1<<32 - 1}, want: ErrElsewhere},
		"well":                 {near: near, far: procnet.Socket{State: 1, Inode: 9, UID: 12}},
	} {
		user, err := acrossBy(func(local, remote netip.AddrPort) (procnet.Socket, procnet.Socket, error) {
			assert.Equal(t, []netip.AddrPort{us, them}, []netip.AddrPort{local, remote})
			return c.near, c.far, c.err
		}, own)
		if c.want != nil {
			assert.ErrorIs(t, err, c.want, name)
			continue
		}
		assert.NoError(t, err, name)
		assert.Equal(t, 12, user, name)
	}
}

func TestKnown(t *testing.T) {
	for name, c := range map[string]struct {
		overflow, mapped string
		user             uint32
		ok               bool
	}{
		"plain":            {"65534\n", "0 1000 1\n", 0, true},
		"unmapped":         {"65534\n", "0 1000 1\n", 65534, false},
		"all are mapped":   {"65534\n", "         0          0 4294967295\n", 65534, true},
		"another overflow": {"99\n", "0 1000 1\n", 99, false},
		"not the overflow": {"99\n", "0 1000 1\n", 65534, true},
		"no overflow file": {"", "0 1000 1\n", 65534, false},
		"no map":           {"65534\n", "", 65534, false},
		"none":             {"65534\n", "0 0 4294967295\n", 1<<32 - 1, false},
	} {
		proc := t.TempDir()
		for file, text := range map[string]string{"sys/kernel/overflowuid": c.overflow, "self/uid_map": c.mapped} {
			path := filepath.Join(proc, file)
			require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o700))
			if strings.TrimSpace(text) != "" {
				require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
			}
		}
		user, err := knownIn(proc, c.user)
		if !c.ok {
			assert.ErrorIs(t, err, ErrElsewhere, name)
			continue
		}
		assert.NoError(t, err, name)
		assert.EqualValues(t, c.user, user, name)
	}
}

// TestWaysToFind: inet_diag and /proc say the same.
func TestWaysToFind(t *testing.T) {
	for _, way := range []string{"IPv4", "IPv6", "IPv4 on IPv6"} {
		t.Run(way, func(t *testing.T) {
			client, _ := connect(t, way, nobody, true)
			local, remote := client.LocalAddr().(*net.TCPAddr).AddrPort(), client.RemoteAddr().(*net.TCPAddr).AddrPort()
			near, far, err := procPair(local, remote)
			require.NoError(t, err)
			near2, far2, err := diagPair(local, remote)
			require.NoError(t, err)
			assert.Equal(t, []procnet.Socket{near, far}, []procnet.Socket{near2, far2})
			assert.EqualValues(t, []any{uint32(os.Geteuid()), uint32(nobody)}, []any{near.UID, far.UID})
		})
	}
}

func BenchmarkUID(b *testing.B) {
	client, _ := connect(b, "IPv4", os.Geteuid(), true)
	for b.Loop() {
		if _, err := UID(client); err != nil {
			b.Fatal(err)
		}
	}
}
