package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/codes"
	sdk "go.opentelemetry.io/otel/sdk/trace"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/internal/logtest"
	"github.com/go-i2p/i2psocks/socks"
)

// serveSite runs a site inside the network, and returns its name.
func serveSite(t *testing.T, sam string) (host string) {
	site := &i2psocks.Endpoint{SAM: sam}
	t.Cleanup(func() { assert.NoError(t, site.Close()) })
	ln, err := site.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Connection", "close")
		io.WriteString(w, r.Header.Get("Traceparent")+"page")
	})}
	go srv.Serve(ln)
	t.Cleanup(func() { srv.Close() })
	return site.Addr().Host
}

// traced returns the spans of what use does with a SOCKS port, in the order of their ends, roots last, when all of them have ended.
func traced(t *testing.T, names bool, sam string, roots int, use func(ep *i2psocks.Endpoint, px *url.URL)) []sdk.ReadOnlySpan {
	spans := tracetest.NewSpanRecorder()
	provider := sdk.NewTracerProvider(sdk.WithSpanProcessor(spans))
	ep := newEndpoint(sam, tracing{provider.Tracer("test"), names})
	defer ep.Close()
	px, err := ep.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	use(ep, px.URL())
	require.NoError(t, px.Shutdown(t.Context())) // all requests are over
	require.NoError(t, ep.Close())
	assert.Len(t, spans.Started(), len(spans.Ended()))
	n := 0
	for _, s := range spans.Ended() {
		if !s.Parent().IsValid() {
			n++
		}
	}
	assert.Equal(t, roots, n)
	return spans.Ended()
}

// text is all that a span tells.
func text(t *testing.T, spans []sdk.ReadOnlySpan) string {
	var b bytes.Buffer
	for _, s := range spans {
		for _, v := range []any{s.Name(), s.Attributes(), s.Events(), s.Status(), s.Resource(), s.Links()} {
			_, err := b.WriteString(strings.ToLower(fmt.Sprintf("%+v", v)))
			require.NoError(t, err)
		}
	}
	return b.String()
}

func get(px *url.URL, address string) (string, error) {
	visitor := &http.Client{Transport: &http.Transport{Proxy: http.ProxyURL(px), DisableKeepAlives: true}}
	resp, err := visitor.Get(address)
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	return string(body), err
}

func attributes(s sdk.ReadOnlySpan) map[string]string {
	all := make(map[string]string)
	for _, a := range s.Attributes() {
		all[string(a.Key)] = a.Value.Emit()
	}
	return all
}

func TestSpans(t *testing.T) {
	nw := samtest.NewStrict(t)
	host := serveSite(t, nw.Start(nil).Addr())
	sam := nw.Start(nil).Addr()
	for _, names := range []bool{false, true} {
		var secret string
		spans := traced(t, names, sam, 4, func(ep *i2psocks.Endpoint, px *url.URL) {
			page, err := get(px, "http://"+host+"/")
			require.NoError(t, err)
			assert.Equal(t, "page", page, "no header of traces")
			_, err = get(px, "http://unknown.i2p/")
			require.Error(t, err)
			secret, _ = px.User.Password()
			alice := *px
			alice.User = url.UserPassword("alice-token", secret)
			_, err = get(&alice, "http://"+host+"/")
			require.NoError(t, err)
			d := &socks.Dialer{Address: px.Host, Username: "bob-token", Password: secret}
			pc, err := d.ListenPacket(t.Context(), "udp", ":0")
			require.NoError(t, err)
			require.NoError(t, pc.Close())
		})
		byID, steps := make(map[string]sdk.ReadOnlySpan), []string{}
		for _, s := range spans {
			byID[s.SpanContext().SpanID().String()] = s
		}
		for _, s := range spans {
			if parent := byID[s.Parent().SpanID().String()]; parent != nil {
				steps = append(steps, parent.Name()+": "+s.Name())
				assert.Equal(t, parent.SpanContext().TraceID(), s.SpanContext().TraceID())
				assert.False(t, s.StartTime().Before(parent.StartTime()))
			}
		}
		assert.Equal(t, []string{"socks CONNECT: dial", "socks CONNECT: dial", "socks CONNECT: dial", "socks UDP ASSOCIATE: associate"}, steps)
		all := text(t, spans)
		for _, word := range []string{secret, "alice", "bob", "127.0.0.1"} {
			assert.NotContains(t, all, strings.ToLower(word))
		}
		for _, name := range []string{host, "unknown.i2p"} {
			assert.Equal(t, names, strings.Contains(all, name), name)
		}
		assert.Equal(t, names, strings.Contains(all, ".i2p"), all)
		for _, s := range spans {
			switch a := attributes(s); {
			case s.Status().Code == codes.Error && a["i2psocks.reply"] != "succeeded": // clients may cut what has succeeded
				assert.Equal(t, dialer.ErrNameNotFound.Error(), a["error.type"])
			case s.Name() == "socks CONNECT":
				assert.Equal(t, "5", a["network.protocol.version"])
				assert.NotEqual(t, "0", a["i2psocks.received"])
			}
		}
	}
}

// TestParents: what the program itself does is a child of its own span, and what a policy refuses has no steps.
func TestParents(t *testing.T) {
	nw := samtest.NewStrict(t)
	host := serveSite(t, nw.Start(nil).Addr())
	spans := traced(t, false, nw.Start(nil).Addr(), 2, func(ep *i2psocks.Endpoint, px *url.URL) {
		_, err := get(px, "http://example.com/")
		require.Error(t, err)
		ctx, own := ep.Backend.(backend).tracer.Start(t.Context(), "own")
		conn, err := ep.DialContext(ctx, "tcp", host+":80")
		require.NoError(t, err)
		conn.Close()
		_, err = ep.LookupAddr(ctx, "unknown.i2p")
		require.Error(t, err)
		ln, err := ep.Listen(ctx, "tcp", ":7")
		require.NoError(t, err)
		ln.Close()
		own.End()
	})
	var names []string
	for _, s := range spans {
		names = append(names, s.Name())
	}
	assert.ElementsMatch(t, []string{"socks CONNECT", "own", "dial", "lookup", "listen"}, names)
	assert.NotContains(t, text(t, spans), "i2p\"")
}

func TestErrorKinds(t *testing.T) {
	for want, err := range map[string]error{
		dialer.ErrTimeout.Error():    dialer.OpError("dial", nil, dialer.ErrTimeout),
		socks.NotAllowed.String():    &socks.ReplyError{Reply: socks.NotAllowed},
		"other":                      &net.DNSError{Name: "secret.i2p"},
		context.Canceled.Error():     context.Canceled,
		dialer.ErrNotI2P.Error():     &net.OpError{Err: dialer.ErrNotI2P},
		dialer.ErrRefused.Error():    dialer.ErrRefused,
		dialer.ErrRouter.Error():     &dialer.OwnerError{UID: 1, Before: 2},
		net.ErrClosed.Error():        net.ErrClosed,
		dialer.ErrRouterDown.Error(): dialer.OpError("dial", nil, dialer.ErrRouterDown),
	} {
		assert.Equal(t, want, errorKind(err))
	}
}

func TestCommandNames(t *testing.T) {
	names := make(map[string]bool)
	for c := range 256 {
		names[commandName(socks.Command(c))] = true
	}
	assert.Len(t, names, 6)
}

// TestDaemon: the program itself writes its spans, and nothing about the machine.
func TestDaemon(t *testing.T) {
	t.Setenv("OTEL_RESOURCE_ATTRIBUTES", "host.name=machine")
	t.Setenv("OTEL_SERVICE_NAME", "daemon")
	nw := samtest.NewStrict(t)
	host := serveSite(t, nw.Start(nil).Addr())
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	r, w := io.Pipe()
	var spans logtest.Buffer
	ended := make(chan error, 1)
	go func() {
		ended <- run(ctx, []string{"-sam", nw.Start(nil).Addr(), "-listen", "127.0.0.1:0"}, w, &spans)
		w.Close()
	}()
	lines := bufio.NewScanner(r)
	require.True(t, lines.Scan())
	px, err := url.Parse(lines.Text())
	require.NoError(t, err)
	_, err = get(px, "http://"+host+"/")
	require.NoError(t, err)
	stop()
	require.NoError(t, <-ended)
	assert.Contains(t, spans.String(), `"Name":"socks CONNECT"`)
	assert.Contains(t, spans.String(), `"Name":"dial"`)
	for _, word := range []string{".i2p", "host.name", "process.", "service."} {
		assert.NotContains(t, spans.String(), word)
	}
}

func TestBadFlags(t *testing.T) {
	for _, args := range [][]string{{"-listen", "0.0.0.0:0"}, {"-what"}} {
		assert.Error(t, run(t.Context(), args, io.Discard, io.Discard), args)
	}
}
