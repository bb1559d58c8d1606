//go:build unix

package main

import (
	"context"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/keys"
)

// What a child is told by: its folder and what it does there. killTime makes the test longer.
const (
	workDir  = "HOSTS_TEST_WORK_DIR"
	workRole = "HOSTS_TEST_WORK_ROLE"
	killTime = "HOSTS_TEST_KILL_TIME"
)

const workURL = "http://feed.i2p/hosts.txt"

// TestWork is a process that TestKilled kills. It says what is in the book for good.
func TestWork(t *testing.T) {
	dir, role := os.Getenv(workDir), os.Getenv(workRole)
	if dir == "" {
		t.Skip("only runs as a child")
	}
	w := &worker{dir: dir, prefix: fmt.Sprintf("%s-%d", role, time.Now().UnixNano())}
	work := w.hosts
	if role == "daemon" {
		work = w.daemon
	}
	work(t)
}

type worker struct {
	dir, prefix string
	n           int
}

func (w *worker) next(t *testing.T) (name, dest string) {
	w.n++
	return fmt.Sprintf("%s-%d.i2p", w.prefix, w.n), identity(t).Destination().Base64()
}

// said tells the test what has been acknowledged.
func said(list, name, dest string) {
	d, _ := keys.ParseDestination(dest)
	fmt.Println("kept", list, name, d.Base32())
}

// hosts runs the command again and again, as its users do.
func (w *worker) hosts(t *testing.T) {
	h := hosts{"-dir", w.dir}
	for {
		name, dest := w.next(t)
		h.do(t, "add", name, dest)
		said("own", name, dest)
		w.fetch(t, new(addrbook.Subscription))
	}
}

// daemon keeps the book open, and adds to it and fetches for as long as it lives.
func (w *worker) daemon(t *testing.T) {
	s := state{dir: w.dir}
	require.NoError(t, s.open())
	feed := s.addFeed(workURL)
	for {
		name, dest := w.next(t)
		a, err := addrbook.ParseAddress(dest)
		require.NoError(t, err)
		require.NoError(t, s.own.Add(name, a))
		said("own", name, dest)
		w.fetch(t, feed)
	}
}

// fetch learns one name from a feed, which says something else to everybody.
func (w *worker) fetch(t *testing.T, feed *addrbook.Subscription) {
	name, dest := w.next(t)
	feed.URL, feed.Path, feed.Dialer = workURL, feedPath(w.dir), page(name+"="+dest+"\n")
	report, err := feed.Fetch(t.Context())
	require.NoError(t, err)
	require.Equal(t, 1, report.Applied)
	said("feed", name, dest)
}

func feedPath(dir string) string {
	s := state{dir: dir, book: new(addrbook.Book)}
	return s.addFeed(workURL).Path
}

// page is a dialer that reaches a site with one page.
type page string

func (p page) DialContext(context.Context, string, string) (net.Conn, error) {
	client, server := net.Pipe()
	go func() {
		defer server.Close()
		if _, err := server.Read(make([]byte, 4096)); err == nil {
			resp := http.Response{StatusCode: http.StatusOK, ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(p)), Body: io.NopCloser(strings.NewReader(string(p)))}
			resp.Write(server)
		}
	}()
	return client, nil
}

// TestKilled: two that run hosts and a daemon work on one folder and are killed at any moment, again and
// again. What one of them has acknowledged is there in the end.
func TestKilled(t *testing.T) {
	d := 2 * time.Second
	if text := os.Getenv(killTime); text != "" {
		var err error
		d, err = time.ParseDuration(text)
		require.NoError(t, err)
	}
	dir := filepath.Join(t.TempDir(), "book")
	kept := map[string]map[string]string{"own": {}, "feed": {}}
	kills := 0
	var mu sync.Mutex
	var wg sync.WaitGroup
	end := time.Now().Add(d)
	for _, role := range []string{"one", "two", "daemon"} {
		wg.Go(func() {
			for time.Now().Before(end) {
				out := workAndKill(t, dir, role)
				mu.Lock()
				kills++
				collect(t, kept, out)
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	t.Log(kills, "killed,", len(kept["own"]), "own entries and", len(kept["feed"]), "of the feed acknowledged")
	require.NotEmpty(t, kept["own"])
	require.NotEmpty(t, kept["feed"])

	s := state{dir: dir}
	require.NoError(t, s.open())
	for list, book := range map[string]addrbook.Lister{"own": s.own, "feed": s.addFeed(workURL)} {
		there := make(map[string]string)
		for name, a := range maps.Collect(book.All()) {
			there[name] = a.Base32()
		}
		for name, want := range kept[list] {
			assert.Equal(t, want, there[name], name)
		}
	}
	require.NoError(t, s.own.Update(func(*addrbook.Hosts) error { return nil }))
	left, err := filepath.Glob(filepath.Join(dir, ".addrbook-own.txt-*"))
	require.NoError(t, err)
	assert.Empty(t, left, "what the killed have left is swept")
}

// collect reads what a child has said, whose last line may be half.
func collect(t *testing.T, kept map[string]map[string]string, out string) {
	for line := range strings.Lines(out) {
		if f := strings.Fields(line); len(f) == 4 && f[0] == "kept" && strings.HasSuffix(line, "\n") {
			kept[f[1]][f[2]] = f[3]
		}
	}
	assert.NotContains(t, out, "FAIL")
}

// workAndKill runs TestWork for a moment, and returns what it said.
func workAndKill(t *testing.T, dir, role string) string {
	cmd := exec.Command(os.Args[0], "-test.run=^TestWork$", "-test.v")
	cmd.Env = append(os.Environ(), workDir+"="+dir, workRole+"="+role)
	out, err := cmd.StdoutPipe()
	if !assert.NoError(t, err) || !assert.NoError(t, cmd.Start()) {
		return ""
	}
	timer := time.AfterFunc(100*time.Millisecond+rand.N(300*time.Millisecond), func() { cmd.Process.Kill() })
	defer timer.Stop()
	text, err := io.ReadAll(out)
	assert.NoError(t, err)
	cmd.Wait()
	return string(text)
}
