package i2psocks_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

// ears hear all that is logged, and all that they are told to print, and know what must not be in it.
type ears struct {
	t       *testing.T
	heard   lockedBuffer
	log     *slog.Logger
	mu      sync.Mutex
	secrets []unheard
}

// unheard is something that must not be heard, each run of so many of its bytes.
type unheard struct {
	what  string
	bytes []byte
	run   int
}

// both is a handler that is two.
type both [2]slog.Handler

func (b both) Enabled(context.Context, slog.Level) bool { return true }
func (b both) Handle(ctx context.Context, r slog.Record) error {
	return errors.Join(b[0].Handle(ctx, r.Clone()), b[1].Handle(ctx, r))
}
func (b both) WithAttrs(a []slog.Attr) slog.Handler {
	return both{b[0].WithAttrs(a), b[1].WithAttrs(a)}
}
func (b both) WithGroup(g string) slog.Handler { return both{b[0].WithGroup(g), b[1].WithGroup(g)} }

func newEars(t *testing.T) *ears {
	e := &ears{t: t}
	all := &slog.HandlerOptions{Level: slog.Level(-100), AddSource: true}
	e.log = slog.New(both{slog.NewTextHandler(&e.heard, all), slog.NewJSONHandler(&e.heard, all)})
	return e
}

// keep adds a secret. Of a text the whole counts, of a key each run of 8 bytes.
func (e *ears) keep(what, text string) { e.add(unheard{what, []byte(text), len(text)}) }

func (e *ears) keepIdentity(what string, id keys.Identity) {
	blob, err := keys.Export(id, keys.FormatBinary)
	require.NoError(e.t, err)
	e.add(unheard{what, blob[len(blob)-32:], 8})
	text := id.Reveal()
	e.add(unheard{what, []byte(text[len(text)-40:]), 12}) // 12 characters are 9 bytes
}

func (e *ears) keepLeaseSetKey(what string, key keys.LeaseSetKey) {
	e.add(unheard{what, []byte(key.Reveal()), 12})
	raw, err := base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~").DecodeString(key.Reveal())
	require.NoError(e.t, err)
	e.add(unheard{what, raw, 8})
}

func (e *ears) add(s unheard) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.secrets = append(e.secrets, s)
}

var everyVerb = []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%08.3v", "%d", "%o", "%t"}

// hear prints values in every way that a program may print them.
func (e *ears) hear(values ...any) {
	for _, v := range values {
		if v == nil {
			continue
		}
		for _, verb := range everyVerb {
			fmt.Fprintf(&e.heard, verb+"\n", v)
			switch v.(type) {
			case error, dialer.Status, socks.Report, keys.Identity, *sam.Session: // which keep silent inside others, too
				fmt.Fprintf(&e.heard, verb+"\n", struct{ in any }{v})
			}
		}
		e.log.Info("heard", "v", v, "list", []any{v})
		if b, err := json.Marshal(v); err == nil {
			e.heard.Write(b)
		}
		if err, ok := v.(error); ok {
			fmt.Fprintln(&e.heard, err.Error())
			e.hear(unwrapped(err)...)
		}
	}
}

func unwrapped(err error) (all []any) {
	switch u := err.(type) {
	case interface{ Unwrap() error }:
		if in := u.Unwrap(); in != nil {
			all = append(all, in)
		}
	case interface{ Unwrap() []error }:
		for _, in := range u.Unwrap() {
			all = append(all, in)
		}
	}
	return all
}

// fails is for an error that must be one.
func (e *ears) fails(err error) {
	e.t.Helper()
	require.Error(e.t, err)
	e.hear(err)
}

// found returns what of the secrets was heard. A number of bytes can be written in several ways.
func (e *ears) found() (all []string) {
	heard := e.heard.String()
	for _, s := range e.secrets {
	runs:
		for at := 0; at+s.run <= len(s.bytes); at++ {
			run := s.bytes[at : at+s.run]
			list := strings.Trim(fmt.Sprint(run), "[]")
			for form, text := range map[string]string{
				"itself": string(run), "hex": fmt.Sprintf("%x", run), "HEX": fmt.Sprintf("%X", run), "hex with blanks": fmt.Sprintf("% x", run),
				"numbers": list, "Go": strings.TrimSuffix(strings.TrimPrefix(fmt.Sprintf("%#v", run), "[]byte{"), "}"),
				"octal": strings.Trim(fmt.Sprintf("%o", run), "[]"), "quoted": strings.Trim(fmt.Sprintf("%q", run), `"`),
				"JSON numbers": strings.ReplaceAll(list, " ", ","),
				"base64":       strings.TrimRight(base64.StdEncoding.EncodeToString(run), "="),
			} {
				if strings.Contains(heard, text) {
					i := strings.Index(heard, text)
					all = append(all, fmt.Sprintf("%s, %s, behind %.60q", s.what, form, heard[max(0, i-60):i]))
					break runs
				}
			}
		}
	}
	return all
}

// keepAll adds the identities of endpoints by their folders, those of tokens too.
func (e *ears) keepAll(dirs ...string) {
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "keys", "*.key"))
		require.NoError(e.t, err)
		require.NotEmpty(e.t, files, dir)
		for _, name := range files {
			file, err := os.Open(name)
			require.NoError(e.t, err)
			id, _, err := keys.Import(file)
			file.Close()
			require.NoError(e.t, err)
			e.keepIdentity(filepath.Base(dir)+"'s "+filepath.Base(name), id)
		}
	}
}

// TestEarsHear: what the other tests rely on.
func TestEarsHear(t *testing.T) {
	id, err := keys.Generate()
	require.NoError(t, err)
	blob, err := keys.Export(id, keys.FormatBinary)
	require.NoError(t, err)
	for name, careless := range map[string]any{
		"text": id.Reveal(), "bytes": blob, "array": [32]byte(blob[len(blob)-32:]), "part": blob[len(blob)-20:][:8],
		"text of a part": id.Reveal()[len(id.Reveal())-30:], "error": fmt.Errorf("cannot use %q", id.Reveal()), "struct": struct{ key []byte }{blob},
		"pointer": &struct{ in *struct{ key []byte } }{&struct{ key []byte }{blob}}, "map": map[string]any{"key": blob},
	} {
		e := newEars(t)
		e.keepIdentity("key", id)
		e.hear(id, &id)
		assert.Empty(t, e.found())
		e.hear(careless)
		assert.NotEmpty(t, e.found(), name)
	}
}

// TestNothingIsHeard runs all that an endpoint does, well and badly, with every log at its loudest, and has every error
// and everything that can be got hold of printed: no key, password or credential may show.
func TestNothingIsHeard(t *testing.T) {
	e := newEars(t)
	ctx := t.Context()
	nw := samtest.NewNetwork()
	defer nw.Close()
	bridge := nw.Start(&samtest.Bridge{User: "operator", Password: "sam-password-77"})
	e.keep("SAM password", "sam-password-77")
	e.keep("SOCKS secret", "socks-secret-88")
	e.keep("wrong secret", "wrong-secret-99")
	credential := keys.GenerateLeaseSetKey()
	e.keepLeaseSetKey("credential", credential)

	var closed []any // printed when nothing works on them any more
	state := t.TempDir()
	sessions := func(s *sam.Session) {
		s.User, s.Password, s.Logger = "operator", func() string { return "sam-password-77" }, e.log
		s.LeaseSet.Key = credential
		e.mu.Lock()
		closed = append(closed, s)
		e.mu.Unlock()
	}
	open := func(address string, change func(ep *i2psocks.Endpoint)) *i2psocks.Endpoint {
		ep := &i2psocks.Endpoint{
			SAM: address, Secret: "socks-secret-88", Logger: e.log, DialTimeout: 3 * time.Second,
			Configure: sessions, Isolation: i2psocks.Isolation{Configure: sessions},
			Hooks: &socks.Hooks{
				Conn: func(_ context.Context, a net.Addr) context.Context {
					e.hear(a)
					return nil
				},
				Request: func(_ context.Context, r *socks.Request) context.Context {
					e.hear(r, *r)
					return nil
				},
				Done: func(_ context.Context, r socks.Report) { e.hear(r, &r, r.Err) },
			},
		}
		if change != nil {
			change(ep)
		}
		t.Cleanup(func() { ep.Close() })
		closed = append(closed, ep)
		return ep
	}
	site := open(bridge.Addr(), func(ep *i2psocks.Endpoint) { ep.Dir = filepath.Join(state, "site") })
	serve(t, site, text("page"))
	visitor := open(bridge.Addr(), func(ep *i2psocks.Endpoint) {
		ep.Dir, ep.Isolation.Persistent = filepath.Join(state, "visitor"), true
		ep.Hosts = map[string]string{"site.i2p": site.Addr().Host}
	})

	t.Run("SOCKS", func(t *testing.T) {
		px := listenSOCKS(t, visitor, "127.0.0.1:0")
		for _, user := range []string{"", "alice", "bob"} {
			d := through(px, user, "socks-secret-88")
			page, err := visit(ctx, d, "site.i2p", time.Minute)
			require.NoError(t, err)
			assert.Equal(t, "page", page)
			for _, address := range []string{"unknown.i2p:80", "example.com:80", "192.0.2.1:80", "bad name:80"} {
				_, err := d.DialContext(ctx, "tcp", address)
				e.fails(err)
			}
			_, err = d.DialContext(ctx, "tcp", strings.Repeat("x", 300)+".i2p:80")
			e.fails(err)
		}
		for _, user := range []string{"alice", "eve"} {
			wrong := through(px, user, "wrong-secret-99")
			_, err := wrong.DialContext(ctx, "tcp", "site.i2p:80")
			e.fails(err)
			wrong.Version = socks.SOCKS4
			_, err = wrong.DialContext(ctx, "tcp", "192.0.2.1:80")
			e.fails(err)
		}
		e.hear(px.Status(), px.Addr(), visitor.Status(), visitor.IsolatedStatus())
	})
	t.Run("packets", func(t *testing.T) {
		for _, ep := range []*i2psocks.Endpoint{site, visitor} {
			pc, err := ep.ListenPacket(ctx, "udp", ":0")
			if err != nil {
				e.hear(err)
				continue
			}
			_, err = pc.WriteTo([]byte("hi"), &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80})
			e.fails(err)
			e.hear(pc.LocalAddr())
			require.NoError(t, pc.Close())
		}
	})
	t.Run("wrong SAM password", func(t *testing.T) {
		ep := open(bridge.Addr(), func(ep *i2psocks.Endpoint) {
			ep.Configure = func(s *sam.Session) {
				sessions(s)
				s.Password = func() string { return "wrong-secret-99" }
			}
		})
		e.fails(ep.Up(ctx))
		e.hear(ep.Status())
	})
	t.Run("damaged keys", func(t *testing.T) {
		file := filepath.Join(state, "site", "keys", "default.key")
		good, err := os.ReadFile(file)
		require.NoError(t, err)
		for i, text := range []string{string(good[:500]), string(good) + "x", strings.ToLower(string(good)), string(good[:900]) + "AAAA" + string(good[904:]), ""} {
			dir := filepath.Join(state, fmt.Sprint("damaged", i))
			require.NoError(t, os.MkdirAll(filepath.Join(dir, "keys"), 0o700))
			require.NoError(t, os.Chmod(dir, 0o700))
			require.NoError(t, os.WriteFile(filepath.Join(dir, "keys", "default.key"), []byte(text), 0o600))
			e.fails(open(bridge.Addr(), func(ep *i2psocks.Endpoint) { ep.Dir = dir }).Up(ctx))
		}
		_, err = (&i2psocks.Endpoint{Hosts: map[string]string{"a.i2p": string(bytes.TrimSpace(good))}}).DialContext(ctx, "tcp", "a.i2p:80") // a key for an address
		e.fails(err)
		_, err = visitor.DialContext(ctx, "tcp", string(bytes.TrimSpace(good))+":80")
		e.fails(err)
	})
	t.Run("router that fails", func(t *testing.T) {
		ep := open(bridge.Addr(), func(ep *i2psocks.Endpoint) {
			ep.Configure = func(s *sam.Session) {
				s.User, s.Password, s.Logger = "operator", func() string { return "sam-password-77" }, e.log
				s.StatusChanged = func(st dialer.Status) { e.hear(st, st.Err) }
			}
		})
		require.NoError(t, ep.Up(ctx))
		for _, on := range []string{"STREAM CONNECT", "NAMING LOOKUP"} {
			for _, result := range []string{"CANT_REACH_PEER", "INVALID_KEY", "I2P_ERROR", "NONSENSE"} {
				bridge.Inject(samtest.Fault{On: on, Result: result, Message: "so it is"})
				_, err := ep.DialContext(ctx, "tcp", "nobody.i2p:80")
				e.fails(err)
			}
		}
		bridge.ClearFaults()
		e.hear(ep.Status())
	})
	t.Run("subscription", func(t *testing.T) {
		id, err := keys.Generate()
		require.NoError(t, err)
		e.keepIdentity("signer", id)
		r := addrbook.Record{Name: "n.i2p", Destination: id.Destination(), Properties: []addrbook.Property{{Key: "date", Value: "1"}}}
		r, err = r.Sign(id)
		require.NoError(t, err)
		other, err := keys.GenerateRedDSA()
		require.NoError(t, err)
		e.keepIdentity("another's", other)
		_, err = r.Sign(other)
		e.fails(err)
		feed := open(bridge.Addr(), nil)
		lines := r.String() + "\n" + id.Reveal() + "\nkey.i2p=" + id.Reveal() + "\nm.i2p=" + other.Destination().Base64() + "#!key=" + id.Reveal() + "\n"
		serve(t, feed, text(lines+strings.ReplaceAll(lines, "n.i2p=", "o.i2p=")))
		book := new(addrbook.Book)
		s := &addrbook.Subscription{URL: "http://" + feed.Addr().Host + "/", Dialer: visitor, Book: book, Path: filepath.Join(state, "feed.json")}
		book.Sources = []addrbook.Source{s}
		report, err := s.Fetch(ctx)
		e.hear(err, report)
		closed = append(closed, s, book)
		for _, p := range report.Problems {
			e.hear(p)
		}
		for _, url := range []string{"http://unknown.i2p/" + id.Reveal(), "http://" + id.Reveal() + "/", "http://n.i2p:port/%" + id.Reveal()} {
			_, err = (&addrbook.Subscription{URL: url, Dialer: visitor}).Fetch(ctx)
			e.fails(err)
		}
		_, err = addrbook.ParseHosts(strings.NewReader(lines))
		e.fails(err)
		_, _, err = addrbook.ParseAddressHelper("http://n.i2p/?i2paddresshelper=" + id.Reveal())
		e.fails(err)
	})

	for i := range closed {
		if c, ok := closed[i].(io.Closer); ok {
			require.NoError(t, c.Close())
		}
	}
	e.hear(closed...)
	for _, v := range closed {
		if ep, ok := v.(*i2psocks.Endpoint); ok {
			e.hear(ep.Addr(), ep.Status())
		}
	}
	e.keepAll(filepath.Join(state, "site"), filepath.Join(state, "visitor"))
	assert.Empty(t, e.found())
	t.Logf("%d bytes were heard, and %d secrets looked for", e.heard.Len(), len(e.secrets))
}

// TestValuesTellNoSecret: what holds an Endpoint by value, as its zero value invites to, shows no secret by any verb, in no
// log and in no JSON; nor does what else the package makes.
func TestValuesTellNoSecret(t *testing.T) {
	e := newEars(t)
	e.keep("SOCKS secret", "socks-secret-88")
	type App struct {
		Door    i2psocks.Endpoint
		Secrets []i2psocks.Secret
		ByName  map[string]any
	}
	app := &App{Secrets: []i2psocks.Secret{"socks-secret-88"}, ByName: map[string]any{"secret": i2psocks.Secret("socks-secret-88")}}
	app.Door.Secret = "socks-secret-88" // a string constant will do
	e.hear(app, app.Secrets, app.ByName, app.Door.Secret, &app.Door.Secret, &app.Door, struct{ Door *i2psocks.Endpoint }{&app.Door})
	for _, verb := range everyVerb {
		fmt.Fprintf(&e.heard, verb+"\n", reflect.ValueOf(app).Elem())
	}
	px := listenSOCKS(t, &app.Door, "127.0.0.1:0")
	made, _ := px.URL().User.Password()
	assert.Equal(t, "socks-secret-88", made)
	wrong := &i2psocks.Endpoint{Secret: "socks-secret-88", NoSecret: true}
	e.fails(wrong.Up(t.Context()))
	e.hear(px, px.Err(), px.Done(), px.Status(), app.Door.Isolate("alice"), app.Door.IsolatedStatus(), app.Door.HTTPClient(), app.Door.HTTPClient().Transport)
	require.NoError(t, app.Door.Close())
	e.hear(app, px)
	assert.Empty(t, e.found())
	assert.Equal(t, "[secret] ", fmt.Sprintf("%s %v", i2psocks.Secret("x"), i2psocks.Secret("")))
	text, err := json.Marshal(i2psocks.Secret("x"))
	require.NoError(t, err)
	assert.Equal(t, `""`, string(text))
}
