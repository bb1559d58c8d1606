package i2psocks_test

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

func mustParse(t testing.TB, s string) *url.URL {
	u, err := url.Parse(s)
	require.NoError(t, err)
	return u
}

func TestFromURL(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a b")
	for s, want := range map[string]*i2psocks.Endpoint{
		"sam://":                         {},
		"i2p://":                         {},
		"i2p:///":                        {},
		"sam://127.0.0.1":                {SAM: "127.0.0.1:7656"},
		"sam://127.0.0.1:7000/":          {SAM: "127.0.0.1:7000"},
		"sam://localhost:7000":           {SAM: "localhost:7000"},
		"sam://[::1]":                    {SAM: "[::1]:7656"},
		"sam:///run/sam.sock?name=a":     {SAM: "unix:/run/sam.sock", Name: "a"},
		"i2p://my_bot-1?timeout=90s":     {Name: "my_bot-1", DialTimeout: 90 * time.Second},
		"i2p://bot?sam=unix:/run/x":      {Name: "bot", SAM: "unix:/run/x"},
		"i2p://?sam=[::1]:7000&length=1": {SAM: "[::1]:7000", Inbound: sam.Tunnels{Length: 1}, Outbound: sam.Tunnels{Length: 1}},
		"sam://?dir=" + url.QueryEscape(dir) + "&quantity=6": {
			Dir: dir, Inbound: sam.Tunnels{Quantity: 6}, Outbound: sam.Tunnels{Quantity: 6},
		},
	} {
		got, err := i2psocks.FromURL(mustParse(t, s))
		if assert.NoError(t, err, s) {
			assert.Equal(t, want, got, s)
		}
	}
	assert.NoDirExists(t, dir, "nothing is opened")
}

func TestFromURLRefuses(t *testing.T) {
	for _, s := range []string{
		"http://127.0.0.1:7656", "SAM:127.0.0.1:7656", "sam:127.0.0.1", "i2p:bot",
		"sam://router.example:7656", "sam://router", "sam://127.0.0.1:0", "sam://127.0.0.1/x", "sam://user:hunter2@127.0.0.1:7656", "sam://127.0.0.1#x",
		"sam:///run/sam.sock%00", "sam:///run/sam%0asock", "sam://127.1:7656", "sam://127.0.0.1?sam=127.0.0.1:1",
		"i2p://bot/x", "i2p://Bot", "i2p://a.b", "i2p://bot:80", "i2p://user@bot", "i2p://bot?name=bot", "i2p://" + strings.Repeat("a", 65),
		"i2p://?sam=", "i2p://?sam=router:7656", "i2p://?sam=unix:", "i2p://?sam=unix:x", "i2p://?sam=127.0.0.1",
		"sam://?name=", "sam://?name=a&name=a", "sam://?name=../x", "sam://?dir=", "sam://?dir=state", "sam://?dir=/a%00",
		"sam://?length=0", "sam://?length=8", "sam://?length=-1", "sam://?length=+1", "sam://?length=", "sam://?quantity=0", "sam://?quantity=7", "sam://?quantity=x",
		"sam://?timeout=0s", "sam://?timeout=-1s", "sam://?timeout=90", "sam://?timeout=",
		"sam://?Name=a", "sam://?secret=x", "sam://?names=a", "sam://?=", "sam://?x", "sam://?name=%zz", "sam://?name=a;dir=/x",
	} {
		ep, err := i2psocks.FromURL(mustParse(t, s))
		assert.Error(t, err, s)
		assert.Nil(t, ep, s)
		if err != nil {
			assert.NotContains(t, err.Error(), "hunter2")
		}
	}
}

func TestProxySchemes(t *testing.T) { overBoth(t, testProxySchemes) }

func testProxySchemes(t *testing.T, nw *network) {
	r := nw.start()
	u := mustParse(t, nw.scheme+"://"+r.Addr()+"?name=bot&dir="+url.QueryEscape(t.TempDir()))
	i2psocks.RegisterProxySchemes()
	d, err := proxy.FromURL(u, nil)
	require.NoError(t, err)
	visitor := d.(*i2psocks.Endpoint)
	defer visitor.Close()
	assert.Implements(t, (*proxy.ContextDialer)(nil), d)
	assert.Implements(t, (*io.Closer)(nil), d)
	assert.Zero(t, r.connections())

	site := nw.endpoint(t)
	serve(t, site, hello)
	assert.Equal(t, "hello "+visitor.Addr().Host, strings.Split(get(t, visitor.HTTPClient(), "http://"+site.Addr().Host), ":")[0])

	_, err = proxy.FromURL(u, proxy.Direct)
	assert.NoError(t, err)
	d, err = proxy.FromURL(u, site)
	assert.ErrorContains(t, err, "another proxy")
	assert.Nil(t, d)
	d, err = proxy.FromURL(mustParse(t, "i2p://bot?nme=x"), nil)
	assert.ErrorContains(t, err, `unknown parameter "nme"`)
	assert.True(t, d == nil, "not an interface that holds nil")
}

func FuzzFromURL(f *testing.F) {
	for _, s := range []string{"sam://127.0.0.1:7656?name=bot&dir=/x", "i2p://bot?sam=unix:/x&length=3&quantity=3&timeout=1m", "sam:///a"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		u, err := url.Parse(s)
		if err != nil {
			return
		}
		ep, err := i2psocks.FromURL(u)
		if err != nil {
			return
		}
		for _, field := range []string{ep.Name, ep.SAM, ep.Dir} {
			assert.NotContains(t, field, "\x00")
		}
		assert.NotContains(t, ep.Name+ep.SAM, "\n")
		assert.False(t, ep.NoSecret || ep.AllowRemote)
		assert.GreaterOrEqual(t, ep.Inbound.Length, 0)
		assert.Equal(t, ep.Inbound, ep.Outbound)
	})
}

// A URL in a configuration file chooses the way into I2P.
func ExampleRegisterProxySchemes() {
	nw := samtest.NewNetwork() // stands for the real network
	defer nw.Close()

	i2psocks.RegisterProxySchemes()
	u, _ := url.Parse("sam://" + nw.Start(nil).Addr() + "?timeout=60s")
	d, err := proxy.FromURL(u, nil)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer d.(io.Closer).Close()
	_, err = d.Dial("tcp", "example.com:80")
	fmt.Println(err)

	u, _ = url.Parse("i2p://bot?lenght=3")
	_, err = proxy.FromURL(u, nil)
	fmt.Println(err)
	// Output:
	// dial i2p: not an I2P address: i2phost: not an I2P host: its name does not end in .i2p
	// i2psocks: URL of scheme "i2p": unknown parameter "lenght"
}

// TestNoProxyVariable: what the documentation says of NO_PROXY.
func TestNoProxyVariable(t *testing.T) {
	t.Setenv("NO_PROXY", "*")
	ep, err := i2psocks.FromURL(mustParse(t, "sam://"+samtest.NewStrict(t).Start(nil).Addr()))
	require.NoError(t, err)
	defer ep.Close()
	_, err = ep.Dial("tcp", "127.0.0.1:80")
	assert.ErrorIs(t, err, dialer.ErrNotI2P)

	past := new(forwarded)
	host := proxy.NewPerHost(ep, past)
	host.AddFromString("*.i2p") // as proxy.FromEnvironment does with NO_PROXY
	_, err = host.Dial("tcp", "a.i2p:80")
	assert.ErrorIs(t, err, errForwarded)
}

var errForwarded = errors.New("dialled directly")

type forwarded struct{}

func (forwarded) Dial(string, string) (net.Conn, error) { return nil, errForwarded }
