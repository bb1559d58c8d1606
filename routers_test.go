package i2psocks_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

// TestProxyOnRouters is the whole path on real i2pd routers: examples/proxy on one, a site on another.
func TestProxyOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{})
	ctx := t.Context()
	bin := build(t, "proxy", "serve")
	page := random(5 << 20)
	root := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(root, "page"), page, 0o644))

	// No hops: in so small a network the lease sets of longer tunnels are not found for seconds, now and then.
	proxy := nw.Command(ctx, bin+"/proxy", "-listen", "127.0.0.1:4447", "-sam", nw.SAM(1), "-length", "0", "-quantity", "2", "-bind", "-dir", t.TempDir())
	proxyLines := start(t, proxy)
	serveLines := start(t, nw.Command(ctx, bin+"/serve", "-sam", nw.SAM(0), "-length", "0", "-root", root, "-dir", t.TempDir()))
	site := &sam.Session{Address: nw.SAM(0), DialBridge: nw.DialContext, Inbound: sam.Tunnels{Length: -1}, Outbound: sam.Tunnels{Length: -1}}
	t.Cleanup(func() { assert.NoError(t, site.Close()) })
	ln, err := site.Listen(ctx, "tcp", ":80")
	require.NoError(t, err)
	srv := &http.Server{Handler: hashes(page)}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })

	url, b32 := line(t, proxyLines), line(t, proxyLines)
	assert.Equal(t, "socks5h://127.0.0.1:4447", url)
	home := strings.TrimSuffix(line(t, serveLines), "/")
	own := "http://" + site.Addr().Host
	curl := func(args ...string) string { // what tries before the last one complained of is not its answer
		cmd := nw.Command(ctx, "curl", append([]string{"-sS", "--max-time", "150", "--retry", "3", "--retry-all-errors", "-H", "Connection: close"}, args...)...)
		var complaints strings.Builder
		cmd.Stderr = &complaints
		out, err := cmd.Output()
		assert.NoError(t, err, complaints.String())
		return string(out)
	}
	through := &socks.Dialer{Address: "127.0.0.1:4447", Forward: forward(nw.DialContext)}

	for _, way := range []string{"--socks5-hostname", "--socks4a"} {
		t.Run("page with "+way, func(t *testing.T) {
			assert.Equal(t, sum(page), sum([]byte(curl(way, "127.0.0.1:4447", home+"/page"))))
			assert.Contains(t, curl(way, "127.0.0.1:4447", own+"/who"), b32)
		})
	}
	t.Run("upload", func(t *testing.T) {
		assert.Equal(t, sum(page), curl("--socks5-hostname", "127.0.0.1:4447", "--data-binary", "@"+filepath.Join(root, "page"), own+"/sum"))
	})
	t.Run("slow client", func(t *testing.T) {
		got := curl("--socks5-hostname", "127.0.0.1:4447", "--limit-rate", "200K", own+"/page")
		assert.Equal(t, sum(page), sum([]byte(got)))
	})
	t.Run("client that pauses", func(t *testing.T) {
		conn, err := through.DialContext(ctx, "tcp", site.Addr().Host+":80")
		require.NoError(t, err)
		defer conn.Close()
		fmt.Fprintf(conn, "GET /page HTTP/1.0\r\n\r\n")
		time.Sleep(15 * time.Second) // the site closes meanwhile
		require.NoError(t, conn.SetReadDeadline(time.Now().Add(time.Minute)))
		got, err := io.ReadAll(conn)
		if err != nil { // i2pd does not tell of an end that comes while it hands over the last data: all of that has come
			require.ErrorIs(t, err, os.ErrDeadlineExceeded)
			t.Log("the router did not tell of the end")
		}
		_, body, _ := bytes.Cut(got, []byte("\r\n\r\n"))
		assert.Equal(t, len(page), len(body))
		assert.Equal(t, sum(page), sum(body))
	})
	t.Run("codes", func(t *testing.T) {
		nobody, err := keys.Generate()
		require.NoError(t, err)
		for host, want := range map[string]socks.Reply{
			nobody.Destination().Base32(): socks.HostUnreachable, "unknown.i2p": socks.HostUnreachable, "example.com": socks.NotAllowed, "192.0.2.1": socks.AddressNotSupported,
		} {
			_, err := through.DialContext(ctx, "tcp", net.JoinHostPort(host, "80"))
			assert.Equal(t, want, replyOf(t, err), host)
		}
	})
	t.Run("users are told apart", func(t *testing.T) {
		visitors := map[string]string{b32 + ":0": "nobody"}
		for _, user := range []string{"alice", "bob"} {
			as := []string{"--socks5-hostname", "127.0.0.1:4447", "--proxy-user", user + ":"}
			who := curl(append(as, own+"/who")...)
			assert.Equal(t, who, curl(append(as, own+"/who")...), "the same user is the same visitor")
			assert.Empty(t, visitors[who], "nobody else is %s", user)
			visitors[who] = user
		}
	})
	t.Run("bind", func(t *testing.T) {
		as := *through
		as.Username = "carol"
		ln, err := as.Listen(ctx, "tcp", site.Addr().Host+":0")
		require.NoError(t, err)
		defer ln.Close()
		assert.NotContains(t, ln.Addr().String(), b32)
		go func() {
			conn, err := site.DialContext(ctx, "tcp", ln.Addr().String())
			if assert.NoError(t, err) {
				io.WriteString(conn, "from the site")
				conn.Close()
			}
		}()
		conn, err := ln.Accept()
		require.NoError(t, err)
		assert.Contains(t, conn.RemoteAddr().String(), site.Addr().Host)
		got, err := io.ReadAll(conn)
		require.NoError(t, err)
		assert.Equal(t, "from the site", string(got))
		conn.Close()
	})
	t.Run("router killed", func(t *testing.T) {
		nw.Kill(1)
		require.NoError(t, nw.Restart(ctx, 1))
		// The site's router takes no new session from a destination within two minutes of the one
		// before, which the killed router has forgotten: until then nothing that the site sends is
		// understood.
		assert.Contains(t, curl("--socks5-hostname", "127.0.0.1:4447", "--max-time", "15", "--retry", "20", "--retry-delay", "1", own+"/who"), b32)
	})
	t.Run("drain", func(t *testing.T) {
		require.NoError(t, proxy.Process.Signal(syscall.SIGTERM))
		_, err := io.Copy(io.Discard, proxyLines)
		require.NoError(t, err)
		assert.NoError(t, proxy.Wait())
	})
}

// build compiles examples and returns the folder they are in.
func build(t *testing.T, names ...string) string {
	dir := t.TempDir()
	for _, name := range names {
		out, err := exec.CommandContext(t.Context(), "go", "build", "-o", dir+"/", "./examples/"+name).CombinedOutput()
		require.NoError(t, err, "%s", out)
	}
	return dir
}

// start runs a program until the test ends and returns what it prints.
func start(t *testing.T, cmd *exec.Cmd) *bufio.Reader {
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	cmd.Stderr = os.Stderr
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	return bufio.NewReader(out)
}

func line(t *testing.T, r *bufio.Reader) string {
	s, err := r.ReadString('\n')
	require.NoError(t, err)
	return strings.TrimSpace(s)
}

// hashes is a site that serves a page, tells the hash of what it is sent, and who sent it.
func hashes(page []byte) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("/page", func(w http.ResponseWriter, _ *http.Request) { w.Write(page) })
	mux.HandleFunc("/who", func(w http.ResponseWriter, r *http.Request) { io.WriteString(w, r.RemoteAddr) })
	mux.HandleFunc("/sum", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		io.WriteString(w, sum(body))
	})
	return mux
}

func sum(b []byte) string { return fmt.Sprintf("%x", sha256.Sum256(b)) }

// forward makes a dialer of a function.
type forward func(ctx context.Context, network, address string) (net.Conn, error)

func (f forward) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	return f(ctx, network, address)
}
