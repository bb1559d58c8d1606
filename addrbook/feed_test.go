package addrbook_test

import (
	"bufio"
	"context"
	"io"
	"maps"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/keys"
)

const feedURL = "http://feed.i2p/hosts.txt"

// inMemory is a dialer that reaches a handler, whoever is asked for, without a network.
type inMemory struct{ http.Handler }

func (h inMemory) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	client, server := net.Pipe()
	go h.serve(server)
	return client, ctx.Err()
}

// serve answers one request, without a length unless the handler tells one.
func (h inMemory) serve(conn net.Conn) {
	defer conn.Close()
	req, err := http.ReadRequest(bufio.NewReader(conn))
	if err != nil {
		return
	}
	req.URL.Scheme, req.URL.Host = "http", req.Host
	rec := httptest.NewRecorder()
	h.ServeHTTP(rec, req)
	resp := rec.Result()
	resp.Request = req
	resp.Write(conn)
}

// feed is a site whose text a test changes; it keeps what it was asked.
type feed struct {
	mu       sync.Mutex
	body     string
	header   http.Header
	status   int
	requests []*http.Request
}

func (f *feed) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, r)
	maps.Copy(w.Header(), f.header)
	if etag := f.header.Get("ETag"); etag != "" && r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	if f.status != 0 {
		w.WriteHeader(f.status)
	}
	io.WriteString(w, f.body)
}

// subscribe makes a subscription to a feed with these lines.
func subscribe(t testing.TB, lines ...string) (*addrbook.Subscription, *feed) {
	f := &feed{body: strings.Join(lines, "\n") + "\n"}
	s := &addrbook.Subscription{URL: feedURL, Path: filepath.Join(t.TempDir(), "feed.json"), Dialer: inMemory{f}}
	return s, f
}

func (f *feed) says(lines ...string) { f.body = strings.Join(lines, "\n") + "\n" }

func fetch(t testing.TB, s *addrbook.Subscription) addrbook.Report {
	t.Helper()
	r, err := s.Fetch(t.Context())
	require.NoError(t, err)
	return r
}

// identity is a destination that can sign.
func identity(t testing.TB) keys.Identity {
	id, err := keys.Generate()
	require.NoError(t, err)
	return id
}

func b64(id keys.Identity) string { return id.Destination().Base64() }

// forger signs whatever it is given, as if for its destination.
type forger struct {
	keys.Signer
	d keys.Destination
}

func (f forger) Destination() keys.Destination { return f.d }

// signed makes a line out of an entry and its properties. old signs first, if
// there is one, though it may not be the one that is named.
func signed(t testing.TB, line string, old, signer *keys.Identity) string {
	t.Helper()
	r, err := addrbook.ParseRecord(line)
	require.NoError(t, err)
	if old != nil {
		d, derr := keys.ParseDestination(r.Get("olddest"))
		require.NoError(t, derr)
		r, err = r.SignOld(forger{*old, d})
		require.NoError(t, err)
	}
	r, err = r.Sign(*signer)
	require.NoError(t, err)
	return r.String()
}

func at(name string, id keys.Identity, props string) string {
	line := name + "=" + b64(id)
	if props != "" {
		line += "#!" + props
	}
	return line
}
