package statuspage

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/audit"
)

// get asks for the page as the user's browser does.
func get(t *testing.T, h http.Handler) string {
	r := httptest.NewRequest("GET", "http://127.0.0.1:4448/", nil)
	r.RemoteAddr = "127.0.0.1:1"
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	require.Equal(t, http.StatusOK, w.Code, w.Body)
	return w.Body.String()
}

// A world is an endpoint with a page, a site and a SOCKS port.
type world struct {
	ep   *i2psocks.Endpoint
	page *Handler
	port *i2psocks.Proxy
	site string
	sam  *samtest.Bridge
}

func newWorld(t *testing.T, set func(*i2psocks.Endpoint, *Handler)) *world {
	nw := samtest.NewStrict(t)
	site := &i2psocks.Endpoint{SAM: nw.Start(nil).Addr()}
	t.Cleanup(func() { site.Close() })
	ln, err := site.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, strings.Repeat("x", 100_000))
	})}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	nw.SetHost("hidden-site.i2p", site.Addr().Destination)

	w := &world{site: site.Addr().Host, sam: nw.Start(nil)}
	w.ep = &i2psocks.Endpoint{SAM: w.sam.Addr(), Name: "quiet-name", Secret: "hunter2hunter2"}
	auditor := new(audit.Auditor)
	w.ep.ConfigureSOCKS = func(s *socks.Server) { s.Observe = auditor.Observe }
	w.page = &Handler{Endpoint: w.ep, Auditor: auditor}
	if set != nil {
		set(w.ep, w.page)
	}
	w.ep.Hooks = w.page.Hooks(w.ep.Hooks)
	t.Cleanup(func() { assert.NoError(t, w.ep.Close()) })
	t.Cleanup(func() { assert.NoError(t, w.page.Close()) })
	w.port, err = w.ep.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	w.page.AddPort(w.port)
	return w
}

// visit asks hosts through the port, as a user or as the endpoint itself.
func (w *world) visit(t *testing.T, user string, hosts ...string) {
	d := &socks.Dialer{Address: w.port.Addr().String(), Username: user, Password: "hunter2hunter2"}
	for _, host := range hosts {
		conn, err := d.DialContext(t.Context(), "tcp", host+":80")
		if err != nil {
			continue
		}
		fmt.Fprintf(conn, "GET / HTTP/1.1\r\nHost: %s\r\nX-Forwarded-For: 10.1.2.3\r\nConnection: close\r\n\r\n", host)
		_, err = io.Copy(io.Discard, conn)
		assert.NoError(t, err)
		conn.Close()
	}
}

// settled waits until the port has told of all requests.
func (w *world) settled(t *testing.T, requests uint64) {
	require.Eventually(t, func() bool { return w.port.Status().Requests >= requests && w.port.Status().Clients == 0 }, 20*time.Second, 5*time.Millisecond)
}

var visited = []string{"hidden-site.i2p", "nobody-knows.i2p", "clear.example.com", "10.20.30.40"}

// TestPage: the page tells what goes on, and nothing of who and where.
func TestPage(t *testing.T) {
	for _, reveal := range []bool{false, true} {
		t.Run(fmt.Sprintf("reveal %v", reveal), func(t *testing.T) {
			store := new(keys.Memory)
			own, err := addrbook.OpenFile(filepath.Join(t.TempDir(), "hosts.txt"))
			require.NoError(t, err)
			w := newWorld(t, func(ep *i2psocks.Endpoint, page *Handler) {
				page.Reveal, ep.Keys = reveal, store
				ep.Book = &addrbook.Book{Sources: []addrbook.Source{own}}
			})
			address, err := addrbook.ParseAddress(w.site)
			require.NoError(t, err)
			for _, name := range []string{"hidden-site.i2p", "other-name.i2p"} {
				require.NoError(t, own.Add(name, address))
			}
			require.NoError(t, w.ep.Up(t.Context()))
			w.visit(t, "", visited...)
			w.visit(t, "user-token", w.site)
			w.settled(t, 5)
			html := get(t, w.page)

			text := regexp.MustCompile(`(?s)<style>.*?</style>|<[^>]*>`).ReplaceAllString(html, " ")
			text = strings.Join(strings.Fields(text), " ")
			for _, want := range []string{
				"up", "Ready.", "identities 2", "host name not found", "source 1, a file 2 names", "never asked", "in use 1", "retired 0",
				"Leak: an IP address", "Leak: a host outside I2P", "http-forwarded", "SAM 3.", "1 up",
			} {
				assert.Contains(t, text, want)
			}
			assert.Regexp(t, `127\.0\.0\.1:\d+ 0 0 0 5 3 0 `, text, "the port: clients, waiting, associations, requests, failed, evicted")

			never := []string{"hunter2", "user-token", w.port.URL().String(), w.ep.Addr().Destination.Base64()}
			id, err := store.Load(t.Context(), "quiet-name")
			require.NoError(t, err)
			never = append(never, id.Reveal(), id.Reveal()[:24])
			named := append([]string{"quiet-name", w.ep.Addr().Host}, visited[1:]...)
			for _, secret := range never {
				assert.NotContains(t, html, secret)
			}
			for _, name := range named {
				if reveal {
					assert.Contains(t, html, name)
				} else {
					assert.NotContains(t, html, name)
				}
			}
			assert.NotContains(t, html, "10.1.2.3", "what a client gave away")
			assert.NotContains(t, html, "other-name")
			assert.NotContains(t, html, "ZgotmplZ")
		})
	}
}

// TestHeaders: a browser loads nothing and runs nothing, and keeps nothing.
func TestHeaders(t *testing.T) {
	h := &Handler{Endpoint: new(i2psocks.Endpoint)}
	srv := httptest.NewServer(h)
	defer srv.Close()
	defer h.Close()
	for method, status := range map[string]int{"GET": 200, "HEAD": 200, "POST": 405, "DELETE": 405, "OPTIONS": 405} {
		r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+"/any/path?pause", nil)
		require.NoError(t, err)
		resp, err := srv.Client().Do(r)
		require.NoError(t, err)
		body, err := io.ReadAll(resp.Body)
		require.NoError(t, err)
		resp.Body.Close()
		assert.Equal(t, status, resp.StatusCode, method)
		assert.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
		assert.Equal(t, "DENY", resp.Header.Get("X-Frame-Options"))
		assert.Contains(t, resp.Header.Get("Content-Security-Policy"), "default-src 'none'")
		if method != "GET" {
			continue
		}
		html := string(body)
		style := regexp.MustCompile(`(?s)<style>(.*?)</style>`).FindStringSubmatch(html)
		require.NotNil(t, style)
		sum := sha256.Sum256([]byte(style[1]))
		assert.Contains(t, resp.Header.Get("Content-Security-Policy"), base64.StdEncoding.EncodeToString(sum[:]))
		assert.NotRegexp(t, `(?i)<script|javascript:| on[a-z]+=|<img|<link|url\(|@import|<form|<iframe`, html)
		assert.NotRegexp(t, ` style=`, html, "the policy would not let it pass")
		assert.NotContains(t, html, "http-equiv", "paused")
		assert.Contains(t, html, "Not started")
	}
}

// TestClose: the sampling ends, and with it the page.
func TestClose(t *testing.T) {
	h := &Handler{Endpoint: new(i2psocks.Endpoint)}
	assert.Contains(t, get(t, h), `http-equiv="refresh" content="5"`)
	assert.NoError(t, h.Close())
	assert.NoError(t, h.Close())
	w := httptest.NewRecorder()
	r := httptest.NewRequest("GET", "http://localhost/", nil)
	r.RemoteAddr = "[::1]:1"
	h.ServeHTTP(w, r)
	assert.Equal(t, http.StatusServiceUnavailable, w.Code)
	assert.NoError(t, new(Handler).Close(), "one that was never used")
}

// TestSampling: the handler's own ticker fills a history that is bounded.
func TestSampling(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &Handler{Endpoint: new(i2psocks.Endpoint), Every: time.Second, Samples: 10}
		defer h.Close()
		h.start()
		time.Sleep(5500 * time.Millisecond)
		h.mu.Lock()
		assert.Len(t, h.history.samples, 6)
		h.mu.Unlock()
		time.Sleep(time.Hour)
		synctest.Wait()
		h.mu.Lock()
		assert.Len(t, h.history.samples, 10)
		h.mu.Unlock()
	})
}

// TestReasons: what a failure's text tells stays out of the reason.
func TestReasons(t *testing.T) {
	wrapped := func(err error) error { return fmt.Errorf("dialling hidden-site.i2p: %w", err) }
	for _, tc := range []struct {
		err   error
		reply socks.Reply
		want  string
		leak  bool
	}{
		{wrapped(dialer.ErrLeaseSetNotFound), socks.HostUnreachable, "lease set not found", false},
		{wrapped(dialer.ErrRouterDown), socks.GeneralFailure, "router down", false},
		{wrapped(dialer.ErrTimeout), socks.TTLExpired, "timed out", false},
		{wrapped(dialer.ErrLimit), socks.GeneralFailure, "limit reached", false},
		{wrapped(context.Canceled), socks.GeneralFailure, "the client left", false},
		{wrapped(audit.ErrFatal), socks.Succeeded, "ended: the client would have revealed who or where the user is", true},
		{wrapped(i2psocks.ErrMaxPersistent), socks.NotAllowed, i2psocks.ErrMaxPersistent.Error(), false},
		{wrapped(errors.New("x")), socks.NotAllowed, "not permitted by the policy", false},
		{wrapped(errors.New("x")), socks.HostUnreachable, socks.HostUnreachable.String(), false},
	} {
		got := reasonOf(tc.err, tc.reply)
		assert.Equal(t, reason{tc.want, tc.leak}, got)
	}
}

// TestRefusalsAreBounded: whatever clients ask for, few reasons and few requests are kept.
func TestRefusalsAreBounded(t *testing.T) {
	h := &Handler{Endpoint: new(i2psocks.Endpoint)}
	defer h.Close()
	hooks := h.Hooks(nil)
	for i := range 10_000 {
		hooks.Done(t.Context(), socks.Report{Command: socks.Command(i), Reply: socks.Reply(i%255 + 1), Err: fmt.Errorf("%d", i)})
	}
	assert.Len(t, h.refusals.last, maxRefusals)
	assert.LessOrEqual(t, len(h.refusals.counts), 256)
	hooks.Done(t.Context(), socks.Report{Command: 77, Reply: socks.GeneralFailure})
	assert.Equal(t, "unknown", h.refusals.last[0].Command)
}

// TestHooks: hooks of the program's own go on working, and their contexts reach the ones after.
func TestHooks(t *testing.T) {
	type key struct{}
	var done []any
	h := &Handler{Endpoint: new(i2psocks.Endpoint), Reveal: true}
	defer h.Close()
	hooks := h.Hooks(&socks.Hooks{
		Request: func(ctx context.Context, _ *socks.Request) context.Context {
			return context.WithValue(ctx, key{}, "span")
		},
		Done: func(ctx context.Context, _ socks.Report) { done = append(done, ctx.Value(key{})) },
	})
	ctx := hooks.Request(t.Context(), &socks.Request{Host: "nobody.i2p", Port: 80})
	hooks.Done(ctx, socks.Report{Version: socks.SOCKS5, Command: socks.Connect, Reply: socks.HostUnreachable, Err: dialer.ErrNameNotFound})
	assert.Equal(t, []any{"span"}, done)
	assert.Equal(t, "nobody.i2p:80", h.refusals.last[0].Target)
}

// brokenStore is a key store that fails, or does not answer.
type brokenStore struct{ keys.Store }

func (brokenStore) Names(ctx context.Context) ([]string, error) {
	<-ctx.Done()
	return nil, fmt.Errorf("https://secret-store.example: %w", ctx.Err())
}

// TestBrokenStore: a store that hangs holds the page up for a moment, and its address stays out of it.
func TestBrokenStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := &Handler{Endpoint: new(i2psocks.Endpoint), Keys: brokenStore{}}
		defer h.Close()
		html := get(t, h)
		assert.Contains(t, html, "the store cannot be read")
		assert.NotContains(t, html, "secret-store")
	})
}

// TestFailedStart: a router that is not there is named at the top of the page, though the session is idle.
func TestFailedStart(t *testing.T) {
	bridge := samtest.NewStrict(t).Start(nil)
	address := bridge.Addr()
	bridge.Kill()
	ep := &i2psocks.Endpoint{SAM: address}
	defer ep.Close()
	require.ErrorIs(t, ep.Up(t.Context()), dialer.ErrRouterDown)
	h := &Handler{Endpoint: ep}
	defer h.Close()
	html := get(t, h)
	assert.Contains(t, html, `class="badge bad">idle`)
	assert.Contains(t, html, "The last start failed: router down.")
}
