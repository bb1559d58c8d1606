package statuspage

import (
	"context"
	"fmt"
	"image"
	"image/png"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
)

// still is a backend that only tells how it is.
type still struct {
	dialer.Backend
	status dialer.Status
}

func (s still) Up(context.Context) error { return nil }
func (s still) Status() dialer.Status    { return s.status }
func (s still) Close() error             { return nil }

// TestScreenshots draws the page in Chromium, light and dark. With I2PSOCKS_SCREENSHOTS=DIR they are kept, to be looked at.
func TestScreenshots(t *testing.T) {
	chromium, err := exec.LookPath("chromium")
	if err != nil && os.Getenv("I2PSOCKS_REQUIRE_CLIENTS") != "1" {
		t.Skip("chromium is not installed")
	}
	require.NoError(t, err)
	dir := os.Getenv("I2PSOCKS_SCREENSHOTS")
	if dir == "" {
		dir = t.TempDir()
	}
	for _, scene := range []struct {
		name string
		page func(t *testing.T) *Handler
	}{{"idle", idlePage}, {"work", workPage}, {"dead", deadPage}, {"thousand", thousandPage}} {
		page := scene.page(t)
		srv := httptest.NewServer(page)
		t.Cleanup(srv.Close)
		for name, scheme := range map[string]int{"light": 1, "dark": 0} {
			t.Run(scene.name+" "+name, func(t *testing.T) {
				file := filepath.Join(dir, scene.name+"-"+name+".png")
				cmd := exec.CommandContext(t.Context(), chromium, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
					"--disable-background-networking", "--hide-scrollbars", "--window-size=1100,1500", "--user-data-dir="+t.TempDir(),
					fmt.Sprintf("--blink-settings=preferredColorScheme=%d", scheme), "--screenshot="+file, srv.URL+"/?pause")
				cmd.WaitDelay = 5 * time.Second
				out, err := cmd.CombinedOutput()
				require.NoError(t, err, "%s", out)
				f, err := os.Open(file)
				require.NoError(t, err)
				defer f.Close()
				picture, err := png.Decode(f)
				require.NoError(t, err)
				ground, colours := look(picture)
				assert.Greater(t, colours, 60, "something is drawn")
				assert.Equal(t, name == "dark", ground < 0x4000, "the ground is %x", ground)
			})
		}
	}
}

// look returns the brightness of the corner and the number of colours.
func look(p image.Image) (ground uint32, colours int) {
	seen := make(map[[3]uint32]bool)
	for y := range p.Bounds().Dy() {
		for x := range p.Bounds().Dx() {
			r, g, b, _ := p.At(x, y).RGBA()
			seen[[3]uint32{r, g, b}] = true
		}
	}
	r, g, b, _ := p.At(2, 2).RGBA()
	return (r + g + b) / 3, len(seen)
}

func idlePage(t *testing.T) *Handler {
	h := &Handler{Endpoint: new(i2psocks.Endpoint)}
	t.Cleanup(func() { h.Close() })
	h.start()
	return h
}

// filled gives a page a history.
func filled(h *Handler, downFrom int) *Handler {
	h.mu.Lock()
	defer h.mu.Unlock()
	now := time.Now()
	h.history.samples, h.history.seen = nil, nil
	var received, sent int64
	for i := range h.history.size {
		if i < downFrom && i > 40 {
			received += int64(400_000 + 300_000*(i*i%17)/17 + 2000*i)
			sent += int64(80_000 + 90_000*(i*7%13)/13)
		}
		s := sample{at: now.Add(-h.every() * time.Duration(h.history.size-1-i)), state: dialer.Up, received: received, sent: sent}
		switch {
		case i < 40:
			s.state = dialer.Starting
		case i >= downFrom:
			s.state = dialer.Down
		}
		h.history.samples = append(h.history.samples, s)
	}
	return h
}

func workPage(t *testing.T) *Handler {
	w := newWorld(t, nil)
	require.NoError(t, w.ep.Up(t.Context()))
	w.visit(t, "", visited...)
	w.visit(t, "one", w.site, w.site)
	w.visit(t, "two", w.site)
	w.settled(t, 7)
	return filled(w.page, 1000)
}

func deadPage(t *testing.T) *Handler {
	down := make(chan struct{}, 10)
	w := newWorld(t, func(ep *i2psocks.Endpoint, _ *Handler) {
		ep.StatusChanged = func(s dialer.Status) {
			if s.State == dialer.Down {
				select {
				case down <- struct{}{}:
				default:
				}
			}
		}
	})
	require.NoError(t, w.ep.Up(t.Context()))
	w.visit(t, "one", w.site)
	w.sam.Kill()
	<-down
	return filled(w.page, 300)
}

func thousandPage(t *testing.T) *Handler {
	ep := &i2psocks.Endpoint{Isolation: i2psocks.Isolation{Max: -1, New: func(context.Context) (dialer.Backend, error) {
		return still{status: dialer.Status{State: dialer.Up, Since: time.Now(), Received: 1 << 20, Sent: 9000, Streams: 2}}, nil
	}}}
	h := &Handler{Endpoint: ep}
	t.Cleanup(func() { h.Close() })
	t.Cleanup(func() { assert.NoError(t, ep.Close()) })
	h.start()
	for i := range 1000 {
		require.NoError(t, ep.Isolate(fmt.Sprint(i)).Up(t.Context()))
	}
	html := get(t, h)
	assert.Contains(t, html, "1000 up")
	assert.Contains(t, html, "The 50 used last, of 1000.")
	assert.Less(t, len(html), 40_000, "a page stays small")
	return filled(h, 1000)
}
