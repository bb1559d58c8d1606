package statuspage

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"html/template"
	"net/http"
	"sync"
	"time"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks/audit"
)

// What the zero values of a Handler mean.
const (
	DefaultEvery   = 5 * time.Second
	DefaultSamples = 360 // half an hour of them
)

// A Handler serves the page. Exported fields may be changed until the first method call, not after. A Handler must not be copied. Its
// methods may be called by several goroutines at once.
//
// From the first method call on it looks at the endpoint every now and then, until Close.
type Handler struct {
	// Endpoint is what the page is about. It must be set. The page starts nothing.
	Endpoint *i2psocks.Endpoint
	// Auditor, if set, is asked for its findings: let [i2psocks.Endpoint.ConfigureSOCKS] join it to the SOCKS ports.
	Auditor *audit.Auditor
	// Keys, if set, is the store whose state is shown. Nil means the Keys of the Endpoint.
	Keys keys.Store
	// Every is the time between two samples, and between two reloads of an open page. 0 means 5 s; less than 1 s means 1 s.
	Every time.Duration
	// Samples is how many are kept for the picture of the throughput. 0 means 360; less than 2 means 2, more than 3600 means 3600.
	Samples int
	// Hosts are host names, or IP addresses, under which the page may be asked for, on top of "localhost" and the
	// addresses of loopback. A name that somebody else can make point here opens the page to that one's web site.
	Hosts []string
	// AllowRemote answers other machines too. Whoever reaches the port then reads the page, so have somebody in front
	// who asks for a password. Hosts must name the host by which it is reached.
	AllowRemote bool
	// Reveal shows the identity's name and address, the names that were asked for and refused, and what went wrong in full.
	// Tokens, passwords and keys are never shown.
	Reveal bool

	mu       sync.Mutex
	ports    []*i2psocks.Proxy
	refusals refusals
	history  history
	books    map[any]counted
	stop     chan struct{} // nil before the first method call
	stopped  chan struct{}
	closed   bool
}

// AddPort shows a SOCKS port, until it is closed.
func (h *Handler) AddPort(px *i2psocks.Proxy) {
	h.start()
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ports = append(h.ports, px)
}

// Close stops the sampling and waits until it has stopped. The page then is 503 Service Unavailable. It is safe to call twice.
func (h *Handler) Close() error {
	h.mu.Lock()
	was := h.closed
	h.closed = true
	stop, stopped := h.stop, h.stopped
	h.mu.Unlock()
	if stop == nil {
		return nil
	}
	if !was {
		close(stop)
	}
	<-stopped
	return nil
}

//go:embed page.html
var pageText string

//go:embed style.css
var styleText string

var parsePage = sync.OnceValue(func() *template.Template { return template.Must(template.New("page").Parse(pageText)) })

// policy lets the browser load nothing and run nothing; the one style sheet is known by its hash.
var policy = sync.OnceValue(func() string {
	sum := sha256.Sum256([]byte(styleText))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
})

// ServeHTTP answers GET and HEAD, whatever the path. "?pause" is the page without its reloading.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	for name, value := range map[string]string{
		"Cache-Control": "no-store", "Content-Security-Policy": policy(), "Cross-Origin-Resource-Policy": "same-origin",
		"Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY",
	} {
		header.Set(name, value)
	}
	if err := h.Check(r); err != nil {
		http.Error(w, err.Error(), statusOf(err))
		return
	}
	if r.Method != http.MethodGet && r.Method != http.MethodHead {
		header.Set("Allow", "GET, HEAD")
		http.Error(w, "only GET and HEAD", http.StatusMethodNotAllowed)
		return
	}
	if !h.start() {
		http.Error(w, "closed", http.StatusServiceUnavailable)
		return
	}
	var body bytes.Buffer
	if err := parsePage().Execute(&body, h.view(r.Context(), r.URL.Query().Has("pause"))); err != nil {
		http.Error(w, "the page cannot be made", http.StatusInternalServerError)
		return
	}
	header.Set("Content-Type", "text/html; charset=utf-8")
	w.Write(body.Bytes())
}

// start begins the sampling with the first call, and tells whether the handler is open.
func (h *Handler) start() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed || h.stop != nil {
		return !h.closed
	}
	h.stop, h.stopped = make(chan struct{}), make(chan struct{})
	h.history.size = min(max(orElse(h.Samples, DefaultSamples), 2), 3600)
	h.books = make(map[any]counted)
	h.history.add(h.sample(time.Now()))
	go h.sampling()
	return true
}

// sampling looks at the endpoint every now and then.
func (h *Handler) sampling() {
	defer close(h.stopped)
	tick := time.NewTicker(h.every())
	defer tick.Stop()
	for {
		select {
		case <-h.stop:
			return
		case now := <-tick.C:
			s := h.sample(now)
			h.mu.Lock()
			h.history.add(s)
			h.mu.Unlock()
		}
	}
}

func (h *Handler) every() time.Duration { return max(orElse(h.Every, DefaultEvery), time.Second) }

func orElse[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
