package onramp_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	theirs "github.com/go-i2p/onramp"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/onramp"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
)

const fixed = "127.0.0.1:7656" // what onramp dials

// TestNamespace also tells TestMain whether a namespace can be made.
func TestNamespace(t *testing.T) {
	needNamespace(t)
	links, err := net.Interfaces()
	require.NoError(t, err)
	assert.Len(t, links, 1)
}

var loopback = sync.OnceValue(func() error { return exec.Command("ip", "link", "set", "lo", "up").Run() })

func needNamespace(t testing.TB) {
	if os.Getenv(inNamespace) != "1" && os.Getenv("I2PSOCKS_REQUIRE_ROUTER") == "" {
		t.Skip("needs a network namespace, as onramp dials " + fixed + " only")
	}
	require.Equal(t, "1", os.Getenv(inNamespace))
	require.NoError(t, loopback())
}

// router is a router at the address that onramp knows.
func router(t testing.TB) *samtest.Bridge {
	needNamespace(t)
	nw := samtest.NewNetwork()
	t.Cleanup(nw.Close)
	b := nw.Start(nil)
	ln, err := net.Listen("tcp", fixed)
	require.NoError(t, err)
	var wg sync.WaitGroup
	t.Cleanup(func() {
		ln.Close()
		b.Kill()
		wg.Wait()
	})
	wg.Go(func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := b.Dial(context.Background())
			if err != nil {
				near.Close()
				continue
			}
			for _, pair := range [][2]net.Conn{{near, far}, {far, near}} {
				wg.Go(func() {
					io.Copy(pair[0], pair[1])
					pair[0].Close()
					pair[1].Close()
				})
			}
		}
	})
	return b
}

// identity writes a key file that onramp can read.
func identity(t testing.TB, name string) keys.Identity {
	id, err := keys.Generate()
	require.NoError(t, err)
	b, err := keys.Export(id, keys.FormatI2PKeys)
	require.NoError(t, err)
	path := filepath.Join(theirs.I2P_KEYSTORE_PATH, name+".i2p.private")
	require.NoError(t, os.WriteFile(path, b, 0o600))
	t.Cleanup(func() { os.Remove(path) })
	return id
}

func backend(t testing.TB) (*onramp.Backend, keys.Identity) {
	id := identity(t, "bot")
	b := &onramp.Backend{Name: "bot"}
	t.Cleanup(func() { assert.NoError(t, b.Close()) })
	return b, id
}

// peer is another program on the same network; it sends back what it gets.
func peer(t testing.TB, r *samtest.Bridge) *sam.Session {
	s := &sam.Session{DialBridge: func(ctx context.Context, _, _ string) (net.Conn, error) { return r.Dial(ctx) }}
	t.Cleanup(func() { s.Close() })
	ln, err := s.Listen(t.Context(), "tcp", ":0")
	require.NoError(t, err)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				io.Copy(conn, conn)
				conn.Close()
			}()
		}
	}()
	return s
}

func echo(t testing.TB, conn net.Conn) {
	defer conn.Close()
	fmt.Fprintln(conn, "hello")
	line, err := bufio.NewReader(conn).ReadString('\n')
	assert.NoError(t, err)
	assert.Equal(t, "hello\n", line)
}

func within(t testing.TB, d time.Duration) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func TestDial(t *testing.T) {
	r := router(t)
	b, id := backend(t)
	p := peer(t, r)
	assert.Equal(t, dialer.Status{}, b.Status())
	assert.Equal(t, dialer.AddrOf(id.Destination(), 0), b.Addr())
	require.NoError(t, b.Up(t.Context()))
	for _, host := range []string{p.Addr().Host, strings.ToUpper(p.Addr().Host), p.Addr().Destination.Base64()} {
		conn, err := b.DialContext(t.Context(), "tcp", net.JoinHostPort(host, "80"))
		require.NoError(t, err)
		assert.Equal(t, b.Addr(), conn.LocalAddr())
		assert.Contains(t, conn.RemoteAddr().String(), ":80")
		assert.Equal(t, 1, b.Status().Streams)
		echo(t, conn)
	}
	s := b.Status()
	assert.Equal(t, []any{dialer.Up, 0}, []any{s.State, s.Streams})
	for _, c := range r.Commands() {
		assert.NotContains(t, c.Line, "DSA_SHA1")
		assert.NotEqual(t, "DEST GENERATE", c.Name, "keys are the host's business")
	}
}

func TestRefusals(t *testing.T) {
	r := router(t)
	b, _ := backend(t)
	for address, want := range map[string]error{
		"example.com:80": dialer.ErrNotI2P, "a.i2p.example.com:80": dialer.ErrNotI2P, "192.0.2.1:80": dialer.ErrNotI2P, "localhost:80": dialer.ErrNotI2P,
		"a b.i2p:80": dialer.ErrBadDestination, "a.i2p": dialer.ErrBadDestination, "a\nQUIT.i2p:80": dialer.ErrBadDestination,
	} {
		conn, err := b.Dial("tcp", address)
		assert.ErrorIs(t, err, want, address)
		assert.Nil(t, conn)
	}
	_, err := b.Dial("udp", "a.i2p:80")
	assert.ErrorAs(t, err, new(net.UnknownNetworkError))
	assert.Zero(t, r.Stats().Connections, "none of it reached onramp")

	nobody, err := keys.Generate()
	require.NoError(t, err)
	for host, want := range map[string]error{"nobody.i2p": dialer.ErrNameNotFound, nobody.Destination().Base32(): syscall.EHOSTUNREACH} {
		_, err := b.Dial("tcp", host+":80")
		assert.ErrorIs(t, err, want, host)
		assert.ErrorAs(t, err, new(*net.OpError))
	}
}

func TestListen(t *testing.T) {
	r := router(t)
	b, id := backend(t)
	p := peer(t, r)
	ln, err := b.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	assert.Equal(t, dialer.AddrOf(id.Destination(), 80), ln.Addr())
	_, err = b.Listen(t.Context(), "tcp", ":80")
	assert.ErrorIs(t, err, syscall.EADDRINUSE)
	_, err = b.Listen(t.Context(), "tcp", "other.i2p:80")
	assert.ErrorIs(t, err, dialer.ErrBadDestination)
	for range 3 {
		var out net.Conn
		require.Eventually(t, func() bool { // the first time, until the router hands streams over
			out, err = p.DialContext(t.Context(), "tcp", ln.Addr().String())
			return err == nil
		}, 10*time.Second, 10*time.Millisecond)
		in, err := ln.Accept()
		require.NoError(t, err)
		assert.Equal(t, p.Addr().Host, in.RemoteAddr().(dialer.Addr).Host)
		go io.Copy(in, in)
		echo(t, out)
		in.Close()

		back, err := b.DialContext(t.Context(), "tcp", p.Addr().String())
		require.NoError(t, err, "what the peer sent does not spoil later commands")
		echo(t, back)
	}
	require.NoError(t, ln.Close())
	_, err = ln.Accept()
	assert.ErrorIs(t, err, net.ErrClosed)
	ln, err = b.Listen(t.Context(), "tcp", ":0")
	require.NoError(t, err)
	require.NoError(t, b.Close())
	_, err = ln.Accept()
	assert.Error(t, err)
	assert.Equal(t, dialer.Closed, b.Status().State)
	assert.ErrorIs(t, b.Up(t.Context()), net.ErrClosed)
}

func TestKeyFiles(t *testing.T) {
	var r *samtest.Bridge
	if os.Getenv(inNamespace) == "1" {
		r = router(t)
	}
	good := identity(t, "good")
	text, err := keys.Export(good, keys.FormatI2PKeys)
	require.NoError(t, err)
	dir := theirs.I2P_KEYSTORE_PATH
	write := func(name string, b []byte, mode os.FileMode) {
		path := filepath.Join(dir, name+".i2p.private")
		require.NoError(t, os.WriteFile(path, b, mode))
		t.Cleanup(func() { os.Remove(path) })
	}
	write("empty", nil, 0o600)
	write("garbage", []byte("garbage\n\n"), 0o600)
	write("crlf", []byte(strings.ReplaceAll(string(text), "\n", "\r\n")), 0o600)
	write("open", text, 0o644)
	require.NoError(t, os.Chmod(filepath.Join(dir, "open.i2p.private"), 0o644))
	require.NoError(t, os.Symlink(filepath.Join(dir, "good.i2p.private"), filepath.Join(dir, "link.i2p.private")))
	t.Cleanup(func() { os.Remove(filepath.Join(dir, "link.i2p.private")) })
	for _, name := range []string{"missing", "empty", "garbage", "crlf", "open", "link", "", "../good", "a/b", "Good", "a b", strings.Repeat("a", 65)} {
		b := &onramp.Backend{Name: name}
		err := b.Up(t.Context())
		assert.Error(t, err, name)
		assert.Zero(t, b.Addr())
		if name == "missing" {
			assert.ErrorIs(t, err, os.ErrNotExist)
		}
		assert.Equal(t, dialer.Idle, b.Status().State)
		assert.NoError(t, b.Close())
	}
	for _, option := range []string{"", "inbound.length", "inbound.length=3 DESTINATION=x", "a=b\nQUIT", "DESTINATION=x", "inbound.length="} {
		assert.Error(t, (&onramp.Backend{Name: "good", Options: []string{option}}).Up(t.Context()), option)
	}
	assert.NoFileExists(t, filepath.Join(dir, "missing.i2p.private"))
	if r != nil {
		assert.Zero(t, r.Stats().Connections)
	}
}

func TestNoRouter(t *testing.T) {
	needNamespace(t)
	b, _ := backend(t)
	assert.ErrorIs(t, b.Up(t.Context()), dialer.ErrRouterDown)
	assert.ErrorIs(t, b.Status().Err, dialer.ErrRouterDown)
	router(t)
	assert.NoError(t, b.Up(t.Context()), "a start that failed is tried again")
}

// heard is the writer of a log that does something whenever there is something to hear.
type heard func()

func (h heard) Write(b []byte) (int, error) { h(); return len(b), nil }

// TestRouterRestarts: a program's handler that takes down what happens may use the backend.
func TestRouterRestarts(t *testing.T) {
	r := router(t)
	b, _ := backend(t)
	told := make(chan dialer.Status, 8)
	b.Logger = slog.New(slog.NewTextHandler(heard(func() { told <- b.Status() }), nil))
	ln, err := b.Listen(t.Context(), "tcp", ":0")
	require.NoError(t, err)
	r.Kill()
	_, err = ln.Accept()
	assert.ErrorIs(t, err, dialer.ErrRouterDown)
	assert.Equal(t, dialer.Down, b.Status().State)
	for range 2 { // that it was up, and that it is not
		<-told
	}
	assert.ErrorIs(t, b.Up(t.Context()), dialer.ErrRouterDown)
	require.NoError(t, r.Restart())
	require.NoError(t, b.Up(t.Context()))
	assert.Equal(t, dialer.Up, b.Status().State)
}

// TestOneIdentity: no two backends of a process are one identity at a time, whatever they go by, and each waits for the end of the
// one before.
func TestOneIdentity(t *testing.T) {
	r := router(t)
	b, id := backend(t)
	require.NoError(t, b.Up(t.Context()))
	open := func() *sam.Session {
		s := &sam.Session{Identity: id, DialBridge: func(ctx context.Context, _, _ string) (net.Conn, error) { return r.Dial(ctx) }}
		t.Cleanup(func() { s.Close() })
		return s
	}
	assert.ErrorIs(t, open().Up(t.Context()), dialer.ErrIdentityInUse)
	twin := &onramp.Backend{Name: b.Name}
	assert.ErrorIs(t, twin.Up(t.Context()), dialer.ErrIdentityInUse)
	require.NoError(t, twin.Close())

	begin := time.Now()
	require.NoError(t, b.Close())
	s := open()
	require.NoError(t, s.Up(t.Context()))
	assert.GreaterOrEqual(t, time.Since(begin), rest)
	next := &onramp.Backend{Name: b.Name}
	defer next.Close()
	assert.ErrorIs(t, next.Up(t.Context()), dialer.ErrIdentityInUse)
	require.NoError(t, s.Close())
	require.NoError(t, next.Up(t.Context()))
}

func TestContexts(t *testing.T) {
	r := router(t)
	b, _ := backend(t)
	r.Inject(samtest.Fault{On: "SESSION CREATE", Delay: time.Second})
	assert.ErrorIs(t, b.Up(within(t, 100*time.Millisecond)), dialer.ErrTimeout)
	assert.Equal(t, dialer.Starting, b.Status().State)
	require.NoError(t, b.Up(t.Context()), "the start went on")

	p := peer(t, r)
	r.Inject(samtest.Fault{On: "STREAM CONNECT", Delay: time.Second})
	start := time.Now()
	_, err := b.DialContext(within(t, 100*time.Millisecond), "tcp", p.Addr().String())
	assert.ErrorIs(t, err, dialer.ErrTimeout)
	assert.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Less(t, time.Since(start), time.Second)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = b.DialContext(ctx, "tcp", p.Addr().String())
	assert.ErrorIs(t, err, context.Canceled)
}

// TestPanics: onramp panics at a reply that comes in two segments.
func TestPanics(t *testing.T) {
	needNamespace(t)
	ln, err := net.Listen("tcp", fixed)
	require.NoError(t, err)
	defer ln.Close()
	b, id := backend(t)
	ended := make(chan struct{}) // a panic leaves onramp's connections open
	defer close(ended)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				<-ended
				conn.Close()
			}()
			go func() {
				defer conn.Close()
				for lines := bufio.NewScanner(conn); lines.Scan(); {
					switch verb, _, _ := strings.Cut(lines.Text(), " "); verb {
					case "HELLO":
						fmt.Fprintln(conn, "HELLO REPLY RESULT=OK VERSION=3.1")
					case "SESSION":
						fmt.Fprintln(conn, "SESSION STATUS RESULT=OK DESTINATION="+id.Reveal())
					default:
						fmt.Fprint(conn, "STREAM ")
					}
				}
			}()
		}
	}()
	_, err = b.Dial("tcp", "known.i2p:80")
	assert.ErrorIs(t, err, dialer.ErrRouter)
	assert.ErrorContains(t, err, "panicked")
}

func TestUnused(t *testing.T) {
	b := new(onramp.Backend)
	assert.NoError(t, b.Close())
	assert.NoError(t, b.Close())
	_, err := b.Dial("tcp", "known.i2p:80")
	assert.ErrorIs(t, err, dialer.ErrSessionClosed)
}

// TestNobodyElseImportsOnramp, since importing it has effects.
func TestNobodyElseImportsOnramp(t *testing.T) {
	cmd := exec.CommandContext(within(t, time.Minute), "go", "list", "-e", "-f", `{{.ImportPath}}{{range .Deps}} {{.}}{{end}}`, "github.com/go-i2p/i2psocks/...")
	cmd.Dir = os.Getenv(home)
	cmd.Env = append(os.Environ(), "TMPDIR=") // go keeps its own files elsewhere
	out, err := cmd.Output()
	require.NoError(t, err)
	var importers []string
	for _, line := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		path, deps, _ := strings.Cut(line, " ")
		for _, dep := range strings.Fields(deps) {
			if dep == "github.com/go-i2p/onramp" || dep == "github.com/go-i2p/sam3" {
				importers = append(importers, path)
				break
			}
		}
	}
	assert.Equal(t, []string{"github.com/go-i2p/i2psocks/dialer/onramp"}, importers)
	assert.Contains(t, string(out), "github.com/go-i2p/i2psocks ", "the root was looked at")
}
