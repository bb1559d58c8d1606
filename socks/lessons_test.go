package socks_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Each test here is a mistake that another SOCKS server made.

// A guard against addresses once passed what it should refuse and refused what it should pass.
func TestLessonPolicyTruthTable(t *testing.T) {
	requests := map[string]string{
		"4":         "04 01 00 50 01 02 03 04 00",
		"4 zero ip": "04 01 00 50 00 00 00 00 00",
		"4a i2p":    toHost4a,
		"4a other":  "04 01 00 50 00 00 00 01 00 61 2e 62 00",
		"5 i2p":     greetNone + toHost,
		"5 other":   greetNone + "05 01 00 03 03 61 2e 62 00 50",
		"5 evil":    greetNone + "05 01 00 03 0a 78 2e 69 32 70 2e 65 2e 64 65 00 50", // x.i2p.e.de
		"5 newline": greetNone + "05 01 00 03 06 61 0a 2e 69 32 70 00 50",
		"5 ipv4":    greetNone + "05 01 00 01 01 02 03 04 00 50",
		"5 ipv6":    greetNone + "05 01 00 04 20 01 00 00 00 00 00 00 00 00 00 00 00 00 00 01 00 50",
		"5 ip name": greetNone + "05 01 00 03 07 31 2e 32 2e 33 2e 34 00 50",
		"5 port 0":  greetNone + "05 01 00 03 05 61 2e 69 32 70 00 00",
	}
	answers := map[string][2]string{ // I2POnly, everything
		"4":         {rejected, granted},
		"4 zero ip": {rejected, granted},
		"4a i2p":    {granted, granted},
		"4a other":  {rejected, granted},
		"5 i2p":     {choseNone + succeeded, choseNone + succeeded},
		"5 other":   {choseNone + failed(2), choseNone + succeeded},
		"5 evil":    {choseNone + failed(2), choseNone + succeeded},
		"5 newline": {choseNone + failed(4), choseNone + succeeded},
		"5 ipv4":    {choseNone + failed(8), choseNone + succeeded},
		"5 ipv6":    {choseNone + failed(8), choseNone + succeeded},
		"5 ip name": {choseNone + failed(8), choseNone + succeeded},
		"5 port 0":  {choseNone + succeeded, choseNone + succeeded},
	}
	for name, request := range requests {
		synctest.Test(t, func(t *testing.T) {
			for i, allow := range []func(context.Context, *socks.Request) error{nil, anyHost} {
				backend := &echo{}
				c := sockstest.Start(t, &socks.Server{Dialer: backend, Allow: allow}).Client()
				c.Send(request)
				want := answers[name][i]
				c.Expect(want)
				good := strings.HasSuffix(want, succeeded) || want == granted
				assert.Equal(t, good, backend.calls.Load() == 1, "%s, policy %d", name, i)
			}
		})
	}
}

// A client that may send credentials and is not asked shares its identity with all others.
func TestLessonCredentialsArePreferred(t *testing.T) {
	for _, methods := range []string{"00 02", "02 00"} {
		synctest.Test(t, func(t *testing.T) {
			var user string
			srv := sockstest.Start(t, &socks.Server{Select: func(_ context.Context, r *socks.Request) (proxyDialer, error) {
				user = r.Username
				return &echo{}, nil
			}})
			c := srv.Client()
			c.Send("05 02" + methods)
			c.Expect("05 02")
			c.Send("01 01 75 00" + toHost) // an empty password is one
			c.Expect("01 00" + succeeded)
			assert.Equal(t, "u", user)
		})
	}
}

func TestLessonSecretOpensOnlyToItsHolder(t *testing.T) {
	for name, tc := range map[string]struct{ in, out string }{
		"5 right":      {"05 01 02  01 01 75 02 70 77" + toHost, "05 02 01 00" + succeeded},
		"5 wrong":      {"05 01 02  01 01 75 02 70 78" + toHost, "05 02 01 01"},
		"5 empty":      {"05 01 02  01 00 00" + toHost, "05 02 01 01"},
		"5 none":       {greetNone + toHost, "05 ff"},
		"5 nothing":    {"05 00", "05 ff"},
		"4a right":     {"04 01 00 50 00 00 00 01 75 3a 70 77 00 61 2e 69 32 70 00", granted},
		"4a bare":      {"04 01 00 50 00 00 00 01 70 77 00 61 2e 69 32 70 00", rejected},
		"4a no userid": {toHost4a, rejected},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				backend := &echo{}
				c := sockstest.Start(t, &socks.Server{Dialer: backend, Authenticate: socks.Secret("pw")}).Client()
				c.Send(tc.in)
				c.Expect(tc.out)
				if !strings.HasSuffix(name, "right") {
					c.ExpectEnd()
					assert.Zero(t, backend.calls.Load())
				}
			})
		})
	}
}

// Closing at the wrong byte has spun, leaked and crashed servers. Leaks fail the whole package's test run.
func TestLessonCloseAndResetAtEveryByte(t *testing.T) {
	for _, exchange := range []string{
		"05 01 02  01 01 75 01 70" + toHost + "ff ff",
		toHost4a + "ff ff",
	} {
		all := unhex(t, exchange)
		for i := range len(all) + 1 {
			for name, leave := range map[string]func(*net.TCPConn){
				"close":      func(c *net.TCPConn) { c.Close() },
				"half-close": func(c *net.TCPConn) { c.CloseWrite() },
				"reset":      func(c *net.TCPConn) { c.SetLinger(0); c.Close() },
			} {
				for _, backend := range []proxyDialer{&echo{}, hang} {
					near, far := tcpPipe(t)
					done := make(chan error, 1)
					srv := &socks.Server{Dialer: backend}
					go func() { done <- srv.ServeConn(t.Context(), near) }()
					far.Write(all[:i])
					leave(far)
					select {
					case <-done:
					case <-time.After(time.Minute):
						t.Fatalf("%s after %d bytes: still there", name, i)
					}
					far.Close()
				}
			}
		}
	}
}

// Slow clients got answers to messages that they had not finished.
func TestLessonOneByteAtATime(t *testing.T) {
	for name, msg := range map[string][2]string{
		"5":      {"05 02 00 02  01 01 75 01 70" + toHost, "05 02 01 00" + succeeded},
		"4a":     {toHost4a, granted},
		"5 fail": {greetNone + "05 01 00 03 03 61 2e 62 00 50", choseNone + failed(2)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := sockstest.Start(t, &socks.Server{Dialer: &echo{}}).Client()
				c.SendBytewise(msg[0], 10*time.Millisecond)
				c.Expect(msg[1])
			})
		})
	}
}

func TestLessonNamesAndCredentialsAtTheEdge(t *testing.T) {
	for _, n := range []int{0, 1, 3, 4, 254, 255} {
		synctest.Test(t, func(t *testing.T) {
			text := strings.Repeat("61", n)
			var got socks.Request
			srv := sockstest.Start(t, &socks.Server{Dialer: &echo{}, Allow: func(_ context.Context, r *socks.Request) error {
				got = *r
				return nil
			}})
			c := srv.Client()
			c.Send(fmt.Sprintf("05 01 02  01 %02x %s %02x %s  05 01 00 03 %02x %s 00 50", n, text, n, text, n, text))
			if n == 0 {
				c.Expect("05 02 01 00" + failed(4))
				c.ExpectEnd()
				return
			}
			c.Expect("05 02 01 00" + succeeded)
			want := strings.Repeat("a", n)
			assert.Equal(t, []string{want, want, want}, []string{got.Host, got.Username, got.Password})
		})
	}
}

// A user ID without an end was read for 16 MiB.
func TestLessonUserIDWithoutEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := sockstest.Start(t, &socks.Server{Dialer: never(t)}).Client()
		c.Send("04 01 00 50 00 00 00 01" + strings.Repeat("61", 1016))
		c.Expect(rejected)
		c.ExpectEnd()
	})
}

// A page in a browser can write a SOCKS exchange into a POST.
func TestLessonHTTPSmuggling(t *testing.T) {
	socksBytes := string(unhex(t, greetNone+toHost))
	for _, head := range []string{
		"POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 15\r\n\r\n",
		"GET / HTTP/1.1\r\n\r\n", "CONNECT a.i2p:80 HTTP/1.1\r\n\r\n", "OPTIONS * HTTP/1.1\r\n\r\n", "H", "D", "T",
	} {
		synctest.Test(t, func(t *testing.T) {
			c := sockstest.Start(t, &socks.Server{Dialer: never(t)}).Client()
			io.WriteString(c, head+socksBytes)
			page, err := io.ReadAll(c)
			require.NoError(t, err)
			assert.Equal(t, 1, strings.Count(string(page), "HTTP/1.1 501 "))
			assert.Contains(t, string(page), "\r\nConnection: close\r\n")
			assert.Contains(t, string(page), "SOCKS")
		})
	}
	for _, first := range []string{"\x00", "\x16\x03\x01", "\n", "\x06", "g", "\xff"} {
		synctest.Test(t, func(t *testing.T) {
			c := sockstest.Start(t, &socks.Server{Dialer: never(t)}).Client()
			io.WriteString(c, first+socksBytes)
			c.ExpectEnd()
		})
	}
}

// Names were given to the system's resolver before anybody was asked.
func TestLessonNoSystemDNS(t *testing.T) {
	old := net.DefaultResolver
	defer func() { net.DefaultResolver = old }()
	net.DefaultResolver = &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		t.Error("DNS was asked")
		return nil, os.ErrPermission
	}}
	srv := sockstest.Start(t, &socks.Server{Dialer: &echo{}, Allow: anyHost})
	for _, cmd := range []string{"01", "02", "03", "f0", "f1", "09"} {
		c := srv.Client()
		c.Send(greetNone + "05" + cmd + "00 03 0b 65 78 61 6d 70 6c 65 2e 63 6f 6d 00 50")
		_, err := io.ReadFull(c, make([]byte, 2+10))
		require.NoError(t, err)
	}
	for _, v := range []socks.Version{0, socks.SOCKS4a, socks.SOCKS4} {
		d := srv.Dialer("", "")
		d.Version = v
		conn, err := d.Dial("tcp", "example.com:80")
		if v == socks.SOCKS4 {
			assert.Error(t, err)
			continue
		}
		require.NoError(t, err)
		conn.Close()
	}
}

// A forgotten default dialled the clear net. Only the client may dial, and only its own server.
func TestLessonNothingDialsByItself(t *testing.T) {
	var files []string
	for _, pattern := range []string{"*.go", "internal/wire/*.go", "sockstest/*.go"} {
		found, err := filepath.Glob(pattern)
		require.NoError(t, err)
		require.NotEmpty(t, found)
		files = append(files, found...)
	}
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		for _, word := range []string{"net.Dial", "net.Lookup", "net.Resolve", "net.Resolver", "net.DefaultResolver", "proxy.Direct", "proxy.FromEnvironment", "proxy.Dial("} {
			// To name the type is not to dial.
			plain := strings.NewReplacer("[net.Dialer]", "", ".(*net.Dialer)", "").Replace(string(text))
			n := strings.Count(plain, word)
			want := 0
			if file == "client.go" && word == "net.Dial" {
				want = 1 // the default of Dialer.Forward
			}
			if file == "unix.go" && word == "net.Dial" {
				want = strings.Count(plain, `net.DialUnix("unix", nil, `) // asks whether a socket in the file system is alive
				assert.Equal(t, 1, want)
			}
			assert.Equal(t, want, n, "%s in %s", word, file)
		}
	}
}

func TestLessonLogsNameNobody(t *testing.T) {
	var log bytes.Buffer
	logger := slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug - 4}))
	synctest.Test(t, func(t *testing.T) {
		var fail error
		srv := sockstest.Start(t, &socks.Server{
			Logger:       logger,
			Authenticate: socks.Secret("hunter2"),
			Dialer: dial(func(ctx context.Context, network, address string) (net.Conn, error) {
				if fail != nil {
					return nil, fail
				}
				return (&echo{}).DialContext(ctx, network, address)
			}),
		})
		for _, fail = range []error{nil, &net.DNSError{Name: "secretsite.i2p", IsNotFound: true}} {
			for _, password := range []string{"hunter2", "hunter3"} {
				for _, host := range []string{"secretsite.i2p:80", "secretsite.com:80", "secret site.i2p:80"} {
					conn, err := srv.Dialer("secretuser", password).Dial("tcp", host)
					if err == nil {
						conn.Close()
					}
					synctest.Wait()
				}
			}
		}
		srv.Close()
	})
	assert.Contains(t, log.String(), "SOCKS5")
	for _, word := range []string{"secret", "hunter", "level=WARN", "level=ERROR"} {
		assert.NotContains(t, log.String(), word)
	}
}
