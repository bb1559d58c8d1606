package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/dialer/samtest/leaktest"
)

const asProgram = "RUN_AS_PROGRAM"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

func endpoint(t *testing.T, nw *samtest.Network) *i2psocks.Endpoint {
	ep := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()}
	t.Cleanup(func() { ep.Close() })
	return ep
}

// TestShared: two configurations have a listener at once, each stream comes to one that is still there, and the last one closes it.
func TestShared(t *testing.T) {
	leaktest.Guard(t)
	nw := samtest.NewStrict(t)
	ids := newIdentities(nw.Start(nil).Addr(), t.TempDir())
	defer ids.close()
	listen := func() net.Listener {
		ln, err := ids.listen(t.Context(), "i2p", "blog", "80", 0, net.ListenConfig{})
		require.NoError(t, err)
		return ln.(net.Listener)
	}
	client := endpoint(t, nw)
	visit := func() net.Conn {
		conn, err := client.Dial("tcp", ids.endpoint("blog").Addr().Host+":80")
		require.NoError(t, err)
		return conn
	}
	meet := func(ln net.Listener) {
		visitor := visit()
		defer visitor.Close()
		conn, err := ln.Accept()
		require.NoError(t, err)
		assert.Equal(t, client.Addr().Host, hostOf(t, conn.RemoteAddr()))
		conn.Close()
	}
	before := listen()
	meet(before)
	after := listen()
	_, err := ids.endpoint("blog").Listen(t.Context(), "tcp", ":80")
	assert.ErrorIs(t, err, syscall.EADDRINUSE, "what Caddy would do")
	require.NoError(t, before.Close())
	assert.ErrorIs(t, before.Close(), net.ErrClosed)
	_, err = before.Accept()
	assert.ErrorIs(t, err, net.ErrClosed)
	meet(after)

	waiting := visit()
	defer waiting.Close()
	require.NoError(t, after.Close())
	waiting.SetReadDeadline(time.Now().Add(time.Minute))
	_, err = waiting.Read(make([]byte, 1))
	assert.ErrorIs(t, err, io.EOF, "a stream that nobody took is ended")
	meet(listen())

	_, err = ids.listen(t.Context(), "i2p", "blog", "80-81", 0, net.ListenConfig{})
	assert.Error(t, err)
}

func hostOf(t *testing.T, addr net.Addr) string {
	host, _, err := net.SplitHostPort(addr.String())
	require.NoError(t, err)
	return host
}

// TestReload runs the program with caddy.json, and again where each packet is looked at: the sites answer and keep their identities
// while the configuration changes, and the upstream is not told of visitors.
func TestReload(t *testing.T) {
	t.Run("free", func(t *testing.T) {
		nw := samtest.NewStrict(t)
		bridge := nw.Start(nil)
		testReload(t, nw, bridge, bridge.Addr(), (*exec.Cmd).Start)
	})
	t.Run("confined", func(t *testing.T) {
		c := leaktest.Confine(t)
		nw := samtest.NewStrict(t)
		bridge := nw.Start(nil)
		require.NoError(t, c.Forward("127.0.0.1:7656", bridge.Addr()))
		testReload(t, nw, bridge, "127.0.0.1:7656", c.Start)
	})
}

func testReload(t *testing.T, nw *samtest.Network, bridge *samtest.Bridge, sam string, start func(*exec.Cmd) error) {
	upstream := endpoint(t, nw)
	ln, err := upstream.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	nw.SetHost("stats.i2p", upstream.Addr().Destination)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprintln(w, hostOf(t, dialerAddr(r.RemoteAddr)), r.Host, r.Header)
	})}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })

	dir := t.TempDir()
	config, err := os.ReadFile("caddy.json")
	require.NoError(t, err)
	file := filepath.Join(dir, "caddy.json")
	require.NoError(t, os.WriteFile(file, config, 0o600))
	home := t.TempDir()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-sam", sam, "-dir", filepath.Join(dir, "state"), file)
	cmd.Env = append(os.Environ(), asProgram+"=1", "HOME="+home, "XDG_DATA_HOME="+home, "XDG_CONFIG_HOME="+home)
	stderr := new(strings.Builder)
	cmd.Stderr = stderr
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, start(cmd))
	defer cmd.Wait()
	defer cmd.Process.Kill()
	lines := bufio.NewScanner(out)
	require.True(t, lines.Scan(), "%s", stderr)
	sites := regexp.MustCompile(`^\[blog:80=(\S+) mirror:80=(\S+)\]$`).FindStringSubmatch(lines.Text())
	require.Len(t, sites, 3, lines.Text())

	visitor := endpoint(t, nw)
	tryGet := func(url string) (string, error) {
		resp, err := visitor.HTTPClient().Get(url)
		if err != nil {
			return "", err
		}
		defer resp.Body.Close()
		assert.Empty(t, resp.Header["Server"])
		assert.Empty(t, resp.Header["Via"])
		body, err := io.ReadAll(resp.Body)
		return string(body), err
	}
	get := func(url string) string {
		body, err := tryGet(url)
		require.NoError(t, err)
		return body
	}
	assert.Equal(t, "a blog\n", get(sites[1]))
	seen := get(sites[2])
	assert.Contains(t, seen, ".b32.i2p")
	for _, told := range []string{visitor.Addr().Host, strings.TrimPrefix(strings.TrimSuffix(sites[1], ":80"), "http://"), strings.TrimPrefix(strings.TrimSuffix(sites[2], ":80"), "http://"), "Caddy", "Forwarded", "Via"} {
		assert.NotContains(t, seen, told)
	}

	loaded := make(chan string, 2)
	go func() {
		for lines.Scan() {
			loaded <- lines.Text()
		}
		close(loaded)
	}()
	for _, change := range []struct {
		from, to, want string
		lost           int // at most: net/http answers nobody whom it had accepted, and not yet heard, when it was shut down
	}{
		{"a blog", "another blog", "another blog\n", 1},
		{`"static_response"`, `"no_such"`, "another blog\n", 0},
	} {
		lost := 0
		config = []byte(strings.Replace(string(config), change.from, change.to, 1))
		require.NoError(t, os.WriteFile(file, config, 0o600))
		require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
		for done := false; !done; {
			select {
			case line, ok := <-loaded:
				require.True(t, ok, "%s", stderr)
				assert.Equal(t, sites[0], line, "the sites stay where they are")
				done = true
			default:
				body, err := tryGet(sites[1])
				if err != nil {
					lost++
					continue
				}
				assert.Contains(t, body, "blog")
			}
		}
		assert.LessOrEqual(t, lost, change.lost)
		assert.Equal(t, change.want, get(sites[1]))
	}
	assert.Equal(t, 3, bridge.Count("SESSION CREATE"), "one for each identity, ever")
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	for range loaded {
	}
	require.NoError(t, cmd.Wait())
	assert.Contains(t, stderr.String(), "as before", "what was no good")
	left, err := os.ReadDir(home)
	require.NoError(t, err)
	assert.Empty(t, left, "what Caddy keeps by itself")
}

// dialerAddr is the address that net/http makes text of.
type dialerAddr string

func (dialerAddr) Network() string  { return "i2p" }
func (a dialerAddr) String() string { return string(a) }
