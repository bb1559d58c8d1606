package i2psocks_test

import (
	"bytes"
	"context"
	"encoding/json"
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
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/dialer/samtest/leaktest"
	"github.com/go-i2p/i2psocks/internal/routertest"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

// ears hear all that is logged, and all that they are told to print, and know what must not be in it.
type ears struct {
	leaktest.Recorder
	t   *testing.T
	log *slog.Logger
	mu  sync.Mutex
}

func newEars(t *testing.T) *ears {
	e := &ears{t: t}
	e.log = slog.New(e.Handler())
	return e
}

func (e *ears) keepIdentity(what string, id keys.Identity) {
	require.NoError(e.t, e.Identity(what, id))
}

// fails is for an error that must be one.
func (e *ears) fails(err error) {
	e.t.Helper()
	require.Error(e.t, err)
	e.Print(err)
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

// TestNothingIsHeard runs all that an endpoint does, well and badly, with every log at its loudest, and has every error
// and everything that can be got hold of printed: no key, password or credential may show.
func TestNothingIsHeard(t *testing.T) {
	const user, password = "operator", "router-password-77"
	t.Run("SAM", func(t *testing.T) {
		t.Parallel()
		nw := samtest.NewNetwork()
		defer nw.Close()
		r := samRouter{nw.Start(&samtest.Bridge{User: user, Password: password})}
		testNothingIsHeard(t, r, r)
	})
	t.Run("I2CP", func(t *testing.T) {
		t.Parallel()
		nw := i2cptest.NewNetwork()
		defer nw.Close()
		locked := nw.Start(&i2cptest.Router{Kind: i2cptest.Java, User: user, Password: password})
		testNothingIsHeard(t, i2cpRouter{nw.Start(nil), nw}, i2cpRouter{locked, nw})
	})
}

// testNothingIsHeard works with one router, and fails with one that wants a password.
func testNothingIsHeard(t *testing.T, r, locked router) {
	e := newEars(t)
	ctx := t.Context()
	e.Text("router's password", "router-password-77")
	e.Text("SOCKS secret", "socks-secret-88")
	e.Text("wrong secret", "wrong-secret-99")
	credential := keys.GenerateLeaseSetKey()
	require.NoError(t, e.LeaseSetKey("credential", credential))

	var closed []any // printed when nothing works on them any more
	state := t.TempDir()
	trust := func(s any, password string) {
		tell := func() string { return password }
		switch s := s.(type) {
		case *sam.Session:
			s.User, s.Password, s.Logger, s.LeaseSet.Key = "operator", tell, e.log, credential
		case *i2cp.Session:
			s.User, s.Password, s.Logger, s.LeaseSet.Key = "operator", tell, e.log, credential
		}
	}
	keep := func(s any) {
		trust(s, "router-password-77")
		e.mu.Lock()
		closed = append(closed, s)
		e.mu.Unlock()
	}
	configure := func(ep *i2psocks.Endpoint, set func(s any)) {
		if ep.I2CP != "" {
			ep.ConfigureI2CP = func(s *i2cp.Session) { set(s) }
			ep.Isolation.ConfigureI2CP = ep.ConfigureI2CP
			return
		}
		ep.Configure = func(s *sam.Session) { set(s) }
		ep.Isolation.Configure = ep.Configure
	}
	open := func(r router, change func(ep *i2psocks.Endpoint)) *i2psocks.Endpoint {
		ep := &i2psocks.Endpoint{
			Secret: "socks-secret-88", Logger: e.log, DialTimeout: 3 * time.Second,
			Hooks: &socks.Hooks{
				Conn: func(_ context.Context, a net.Addr) context.Context {
					e.Print(a)
					return nil
				},
				Request: func(_ context.Context, r *socks.Request) context.Context {
					e.Print(r, *r)
					return nil
				},
				Done: func(_ context.Context, r socks.Report) { e.Print(r, &r, r.Err, struct{ in any }{r}) },
			},
		}
		r.carry(ep)
		configure(ep, keep)
		if change != nil {
			change(ep)
		}
		t.Cleanup(func() { ep.Close() })
		closed = append(closed, ep)
		return ep
	}
	site := open(r, func(ep *i2psocks.Endpoint) { ep.Dir = filepath.Join(state, "site") })
	ends := []func(){serve(t, site, text("page"))}
	visitor := open(r, func(ep *i2psocks.Endpoint) {
		ep.Dir, ep.Isolation.Persistent = filepath.Join(state, "visitor"), true
		ep.Hosts = map[string]string{"site.i2p": site.Addr().Host}
	})

	t.Run("SOCKS", func(t *testing.T) {
		px := listenSOCKS(t, visitor, "127.0.0.1:0")
		for _, user := range []string{"", "alice", "bob"} {
			d := through(px, user, "socks-secret-88")
			page, err := routertest.Visit(ctx, d, "site.i2p", time.Minute)
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
		e.Print(px.Status(), px.Addr(), visitor.Status(), visitor.IsolatedStatus())
	})
	t.Run("packets", func(t *testing.T) {
		for _, ep := range []*i2psocks.Endpoint{site, visitor} {
			pc, err := ep.ListenPacket(ctx, "udp", ":0")
			if err != nil {
				e.Print(err)
				continue
			}
			_, err = pc.WriteTo([]byte("hi"), &net.UDPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 80})
			e.fails(err)
			e.Print(pc.LocalAddr())
			require.NoError(t, pc.Close())
		}
	})
	t.Run("wrong password of the router", func(t *testing.T) {
		ep := open(locked, func(ep *i2psocks.Endpoint) {
			configure(ep, func(s any) { keep(s); trust(s, "wrong-secret-99") })
		})
		e.fails(ep.Up(ctx))
		e.Print(ep.Status())
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
			e.fails(open(r, func(ep *i2psocks.Endpoint) { ep.Dir = dir }).Up(ctx))
		}
		_, err = (&i2psocks.Endpoint{Hosts: map[string]string{"a.i2p": string(bytes.TrimSpace(good))}}).DialContext(ctx, "tcp", "a.i2p:80") // a key for an address
		e.fails(err)
		_, err = visitor.DialContext(ctx, "tcp", string(bytes.TrimSpace(good))+":80")
		e.fails(err)
	})
	t.Run("router that fails", func(t *testing.T) {
		ep := open(r, func(ep *i2psocks.Endpoint) {
			configure(ep, func(s any) { trust(s, "router-password-77") }) // it may be telling its end yet when it is closed
			ep.StatusChanged = func(st dialer.Status) { e.Print(st, st.Err, struct{ in any }{st}) }
		})
		require.NoError(t, ep.Up(ctx))
		fails := func() {
			_, err := ep.DialContext(ctx, "tcp", "nobody.i2p:80")
			e.fails(err)
		}
		switch r := r.(type) {
		case samRouter:
			for _, on := range []string{"STREAM CONNECT", "NAMING LOOKUP"} {
				for _, result := range []string{"CANT_REACH_PEER", "INVALID_KEY", "I2P_ERROR", "NONSENSE"} {
					r.Inject(samtest.Fault{On: on, Result: result, Message: "so it is"})
					fails()
				}
			}
			r.ClearFaults()
		case i2cpRouter:
			for _, f := range []i2cptest.Fault{{Status: 1}, {Status: 99}, {Raw: []byte("\x00\x00\x00\x01\x21x")}, {Disconnect: "so it is"}, {Close: true}} {
				f.On = "HostLookup"
				r.Inject(f)
				fails()
			}
		}
		e.Print(ep.Status())
	})
	t.Run("subscription", func(t *testing.T) {
		id, err := keys.Generate()
		require.NoError(t, err)
		e.keepIdentity("signer", id)
		feed := open(r, nil)
		r := addrbook.Record{Name: "n.i2p", Destination: id.Destination(), Properties: []addrbook.Property{{Key: "date", Value: "1"}}}
		r, err = r.Sign(id)
		require.NoError(t, err)
		other, err := keys.GenerateRedDSA()
		require.NoError(t, err)
		e.keepIdentity("another's", other)
		_, err = r.Sign(other)
		e.fails(err)
		lines := r.String() + "\n" + id.Reveal() + "\nkey.i2p=" + id.Reveal() + "\nm.i2p=" + other.Destination().Base64() + "#!key=" + id.Reveal() + "\n"
		ends = append(ends, serve(t, feed, text(lines+strings.ReplaceAll(lines, "n.i2p=", "o.i2p="))))
		book := new(addrbook.Book)
		s := &addrbook.Subscription{URL: "http://" + feed.Addr().Host + "/", Dialer: visitor, Book: book, Path: filepath.Join(state, "feed.json")}
		book.Sources = []addrbook.Source{s}
		report, err := s.Fetch(ctx)
		e.Print(err, report)
		closed = append(closed, s, book)
		for _, p := range report.Problems {
			e.Print(p)
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
	for _, end := range ends {
		end()
	}
	e.Print(closed...)
	for _, v := range closed {
		if ep, ok := v.(*i2psocks.Endpoint); ok {
			e.Print(ep.Addr(), ep.Status())
		}
	}
	e.keepAll(filepath.Join(state, "site"), filepath.Join(state, "visitor"))
	e.Check(t)
}

// TestValuesTellNoSecret: what holds an Endpoint by value, as its zero value invites to, shows no secret by any verb, in no
// log and in no JSON; nor does what else the package makes.
func TestValuesTellNoSecret(t *testing.T) {
	e := newEars(t)
	e.Text("SOCKS secret", "socks-secret-88")
	type App struct {
		Door    i2psocks.Endpoint
		Secrets []i2psocks.Secret
		ByName  map[string]any
	}
	app := &App{Secrets: []i2psocks.Secret{"socks-secret-88"}, ByName: map[string]any{"secret": i2psocks.Secret("socks-secret-88")}}
	app.Door.Secret = "socks-secret-88" // a string constant will do
	e.Print(app, app.Secrets, app.ByName, app.Door.Secret, &app.Door.Secret, &app.Door, struct{ Door *i2psocks.Endpoint }{&app.Door})
	e.Print(reflect.ValueOf(app).Elem())
	px := listenSOCKS(t, &app.Door, "127.0.0.1:0")
	made, _ := px.URL().User.Password()
	assert.Equal(t, "socks-secret-88", made)
	wrong := &i2psocks.Endpoint{Secret: "socks-secret-88", NoSecret: true}
	e.fails(wrong.Up(t.Context()))
	e.Print(px, px.Err(), px.Done(), px.Status(), app.Door.Isolate("alice"), app.Door.IsolatedStatus(), app.Door.HTTPClient(), app.Door.HTTPClient().Transport)
	require.NoError(t, app.Door.Close())
	e.Print(app, px)
	e.Check(t)
	assert.Equal(t, "[secret] ", fmt.Sprintf("%s %v", i2psocks.Secret("x"), i2psocks.Secret("")))
	text, err := json.Marshal(i2psocks.Secret("x"))
	require.NoError(t, err)
	assert.Equal(t, `""`, string(text))
}
