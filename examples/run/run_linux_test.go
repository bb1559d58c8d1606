package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/socks/audit"
)

func TestPrograms(t *testing.T) {
	needNamespaces(t)
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl")
	}
	w := newWorld(t)
	for name, user := range users(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			t.Run("by the proxy", func(t *testing.T) {
				r := w.run(t, user, nil, "--", "curl", "-sSf", w.site)
				assert.Zero(t, r.code)
				assert.Contains(t, r.output, "a page of I2P")
				assert.True(t, r.Confined)
				assert.Empty(t, r.Direct)
				assert.Zero(t, r.Carried)
				assert.True(t, r.found(audit.HTTPUserAgent))
			})
			t.Run("clear net by the proxy", func(t *testing.T) {
				r := w.run(t, user, nil, "--", "curl", "-sSf", "http://example.com/")
				assert.NotZero(t, r.code)
				assert.True(t, r.found(audit.ClearnetName))
				assert.NotContains(t, r.output, "blocked")
			})
			t.Run("without the proxy", func(t *testing.T) {
				r := w.run(t, user, nil, "--", "curl", "--noproxy", "*", "-sSf", w.site)
				assert.Zero(t, r.code)
				assert.Contains(t, r.output, "a page of I2P")
				assert.Positive(t, r.Carried)
			})
			t.Run("clear net without the proxy", func(t *testing.T) {
				r := w.run(t, user, nil, "--", "curl", "--noproxy", "*", "-sSf", "http://example.com/", "http://192.0.2.7/")
				assert.NotZero(t, r.code)
				assert.Positive(t, r.tried("DNS"))
				assert.Positive(t, r.tried("TCP"))
				for _, secret := range []string{"example", "192.0.2.7"} {
					for line := range strings.Lines(r.output) {
						if strings.HasPrefix(line, "run:") {
							assert.NotContains(t, line, secret)
						}
					}
				}
			})
			t.Run("revealed", func(t *testing.T) {
				r := w.run(t, user, nil, "-reveal", "--", "curl", "--noproxy", "*", "-sS", "http://192.0.2.7/")
				assert.Contains(t, r.output, "192.0.2.7:80")
			})
			t.Run("hostile environment", func(t *testing.T) {
				hostile := []string{"http_proxy=http://127.0.0.1:9", "no_proxy=*", "ALL_PROXY=http://127.0.0.1:9"}
				r := w.run(t, user, hostile, "--", "curl", "-sSf", w.site)
				assert.Zero(t, r.code)
				assert.Zero(t, r.Carried)
			})
			t.Run("fatal", func(t *testing.T) {
				r := w.run(t, user, nil, "-fatal", "--", "curl", "-sSf", "-H", "From: bob@example", w.site)
				assert.NotZero(t, r.code)
				assert.True(t, r.found(audit.HTTPFrom))
			})
		})
	}
}

func TestExitCodes(t *testing.T) {
	needNamespaces(t)
	w := newWorld(t)
	for script, code := range map[string]int{"exit 7": 7, "kill -9 $$": 128 + 9, "exit 0": 0} {
		assert.Equal(t, code, w.run(t, nil, nil, "--", "sh", "-c", script).code, script)
	}
	assert.Equal(t, 127, w.run(t, nil, nil, "--", "no-such-program").code)
	assert.Equal(t, 126, w.run(t, nil, nil, "--", "/etc/passwd").code)
	assert.Equal(t, exitFailed, w.run(t, nil, nil).code)
	assert.Equal(t, 3, w.run(t, nil, nil, "-unconfined", "--", "sh", "-c", "exit 3").code)
	port := w.run(t, nil, nil, "-unconfined", "--", "sh", "-c", "echo $ALL_PROXY").output
	assert.Regexp(t, `socks5h://\w+:\w+@127.0.0.1:`, port, "other users of the machine can reach it")
}

// probes are run inside by the test program itself, and print what they reach.
func probe(name string, args []string) {
	switch name {
	case "escape":
		escape(args)
	case "resolver":
		r := &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, "udp", "8.8.8.8:53")
		}}
		ctx, cancel := context.WithTimeout(context.Background(), 2*time.Second)
		defer cancel()
		addrs, err := r.LookupHost(ctx, "example.com")
		fmt.Println("addresses:", addrs, err)
	case "resolver, often":
		answered := 0
		for i := range 300 {
			r := &net.Resolver{PreferGo: true}
			ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
			_, err := r.LookupHost(ctx, fmt.Sprintf("host%d.example.com", i))
			cancel()
			if e, ok := errors.AsType[*net.DNSError](err); ok && e.IsNotFound {
				answered++
			}
		}
		fmt.Println("answered:", answered)
	case "udp":
		c, err := net.Dial("udp", args[0])
		if err != nil {
			fmt.Println("failed:", err)
			return
		}
		defer c.Close()
		buf := make([]byte, 100)
		for range 20 { // the first may be lost
			io.WriteString(c, "datagram")
			c.SetReadDeadline(time.Now().Add(time.Second))
			if n, err := c.Read(buf); err == nil {
				fmt.Println("echo:", string(buf[:n]))
				return
			}
		}
	case "half":
		c, err := net.Dial("tcp", args[0])
		if err != nil {
			fmt.Println("failed:", err)
			return
		}
		defer c.Close()
		io.WriteString(c, "GET / HTTP/1.0\r\n\r\n")
		c.(*net.TCPConn).CloseWrite()
		b, err := io.ReadAll(c)
		fmt.Printf("answer: %q %v\n", b, err)
	case "families":
		for _, family := range []int{syscall.AF_UNIX, 40 /* AF_VSOCK */, syscall.AF_PACKET, 38 /* AF_ALG */} {
			_, err := syscall.Socket(family, syscall.SOCK_STREAM, 0)
			fmt.Println("family", family, err)
		}
	}
}

func (w *world) probe(t *testing.T, flags []string, name string, args ...string) result {
	t.Helper()
	self, err := os.Executable()
	require.NoError(t, err)
	words := slices.Concat(flags, []string{"--", "env", "RUN_TEST_PROBE=" + name, self}, args)
	return w.run(t, nil, []string{"RUN_TEST_PROBE="}, words...)
}

func TestHalfCloseIsCarried(t *testing.T) {
	needNamespaces(t)
	w := newWorld(t)
	host := strings.TrimSuffix(strings.TrimPrefix(w.site, "http://"), "/")
	assert.Contains(t, w.probe(t, nil, "half", host+":80").output, "a page of I2P")
}

func TestDatagramsAreCarried(t *testing.T) {
	needNamespaces(t)
	nw := samtest.NewStrict(t)
	here, there := nw.Start(nil), nw.Start(nil)
	w := &world{sam: here.Addr()}
	server := &sam.Session{Address: there.Addr(), UDPAddress: there.UDPAddr()}
	t.Cleanup(func() { server.Close() })
	conn, err := server.ListenPacket(t.Context(), "udp", ":0")
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	go func() {
		buf := make([]byte, 1<<10)
		for {
			n, from, err := conn.ReadFrom(buf)
			if err != nil {
				return
			}
			conn.WriteTo(buf[:n], from)
		}
	}()
	to, _, err := net.SplitHostPort(conn.LocalAddr().String())
	require.NoError(t, err)
	r := w.probe(t, []string{"-sam-udp", here.UDPAddr()}, "udp", net.JoinHostPort(to, "7"))
	assert.Contains(t, r.output, "echo: datagram")
	assert.Positive(t, r.Carried)
}

func TestResolverOfItsOwn(t *testing.T) {
	needNamespaces(t)
	r := newWorld(t).probe(t, nil, "resolver")
	assert.Contains(t, r.output, "addresses: []")
	assert.Positive(t, r.tried("UDP"))
	assert.Zero(t, r.tried("DNS"))
}

func TestResolverIsAskedOften(t *testing.T) {
	needNamespaces(t)
	r := newWorld(t).probe(t, nil, "resolver, often")
	assert.Contains(t, r.output, "answered: 300")
}

func TestSocketsThatLeadOut(t *testing.T) {
	needNamespaces(t)
	w := newWorld(t)
	r := w.probe(t, nil, "families")
	for _, family := range []string{"1", "40", "17", "38"} {
		assert.Contains(t, r.output, "family "+family+" address family not supported by protocol")
	}
	assert.Contains(t, w.probe(t, []string{"-unix"}, "families").output, "family 1 <nil>")
}

func TestNothingLeadsOut(t *testing.T) {
	needNamespaces(t)
	t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/run/user/0/bus")
	script := `
grep -E '^(NoNewPrivs|CapBnd|CapEff)' /proc/self/status
echo processes $(ls /proc | grep -c '^[0-9]')
echo run $(ls -A /run | tr '\n' ' ')
echo cards $(ls /sys/class/net | tr '\n' ' ')
echo host $(cat /proc/sys/kernel/hostname)
echo bus "$DBUS_SESSION_BUS_ADDRESS" zone $(date +%Z)
mount -t tmpfs none /mnt 2>/dev/null && echo mounted
umount /run 2>/dev/null && echo unmounted
ip link add x type dummy 2>/dev/null && echo configured
`
	out := newWorld(t).run(t, nil, nil, "--", "sh", "-c", script).output
	for _, want := range []string{"NoNewPrivs:\t1", "CapBnd:\t0000000000000000", "CapEff:\t0000000000000000", "host localhost", "bus  zone UTC"} {
		assert.Contains(t, out, want)
	}
	for _, bad := range []string{"mounted", "configured"} {
		assert.NotContains(t, out, bad)
	}
	_, after, _ := strings.Cut(out, "processes ")
	n, err := strconv.Atoi(strings.Fields(after)[0])
	require.NoError(t, err)
	assert.LessOrEqual(t, n, 5, "init, the shell, and what it has just run")
}

// alive finds processes by an argument that no other has.
func alive(t *testing.T, argument string) bool {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/cmdline")
	require.NoError(t, err)
	for _, file := range files {
		text, _ := os.ReadFile(file)
		if strings.Contains(string(text), "sleep\x00"+argument+"\x00") {
			return true
		}
	}
	return false
}

func TestChildrenEndWithTheProgram(t *testing.T) {
	needNamespaces(t)
	mark := fmt.Sprintf("9999%d1", os.Getpid())
	r := newWorld(t).run(t, nil, nil, "--", "sh", "-c", "setsid sleep "+mark+" >/dev/null 2>&1 & exit 0")
	assert.Zero(t, r.code)
	assert.False(t, alive(t, mark))
}

func TestSignals(t *testing.T) {
	needNamespaces(t)
	w := newWorld(t)
	mark := fmt.Sprintf("9999%d2", os.Getpid())
	begin := func(script string) (cmd *exec.Cmd, out io.Reader) {
		cmd = command(t, nil, "-sam", w.sam, "-q", "--", "sh", "-c", script)
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		_, err = io.ReadFull(out, make([]byte, len("ready\n")))
		require.NoError(t, err)
		return cmd, out
	}
	cmd, _ := begin(`trap 'exit 9' TERM; echo ready; sleep ` + mark + ` & wait`)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	code, err := exitCode(cmd.Wait())
	require.NoError(t, err)
	assert.Equal(t, 9, code)
	assert.False(t, alive(t, mark))

	cmd, out := begin("echo ready; exec sleep " + mark)
	require.NoError(t, cmd.Process.Kill())
	_, err = io.ReadAll(out) // until nobody has it any more
	require.NoError(t, err)
	cmd.Wait()
	assert.Eventually(t, func() bool { return !alive(t, mark) }, 10*time.Second, 10*time.Millisecond)
}
