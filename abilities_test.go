package i2psocks_test

import (
	"net/http"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

// TestBook: names come from Hosts, then from the book, and the router's own book is asked no more.
func TestBook(t *testing.T) { overBoth(t, testBook) }

func testBook(t *testing.T, nw *network) {
	router := nw.start()
	site, visitor := nw.endpoint(t), on(t, router)
	serve(t, site, hello)
	nobody, err := keys.Generate()
	require.NoError(t, err)
	nw.setHost("router.example.i2p", site.Addr().Destination)
	list, err := addrbook.ReadHosts(strings.NewReader("book.i2p="+site.Addr().Destination.Base64()+"\nboth.i2p="+nobody.Destination().Base64()+"\n"), nil)
	require.NoError(t, err)
	visitor.Hosts = map[string]string{"both.i2p": site.Addr().Host}
	visitor.Book = &addrbook.Book{Sources: []addrbook.Source{list}}
	for _, host := range []string{"book.i2p", "Both.i2p", site.Addr().Host} {
		assert.Equal(t, "hello "+visitor.Addr().String(), get(t, visitor.HTTPClient(), "http://"+host+"/"), host)
		b32, err := visitor.LookupAddr(t.Context(), host)
		require.NoError(t, err)
		assert.Equal(t, site.Addr().Host, b32)
	}
	questions := router.questions()
	for _, host := range []string{"router.example.i2p", "nobody.i2p"} {
		_, err = visitor.DialContext(t.Context(), "tcp", host+":80")
		assert.ErrorIs(t, err, dialer.ErrNameNotFound)
		_, err = visitor.LookupAddr(t.Context(), host)
		assert.ErrorIs(t, err, dialer.ErrNameNotFound)
	}
	assert.Equal(t, questions, router.questions(), "the router must not learn what was asked for")
}

func TestResolve(t *testing.T) { overBoth(t, testResolve) }

func testResolve(t *testing.T, nw *network) {
	site, visitor := nw.endpoint(t), nw.endpoint(t)
	require.NoError(t, site.Up(t.Context()))
	nw.setHost("theirs.i2p", site.Addr().Destination)
	visitor.Hosts = map[string]string{"mine.i2p": site.Addr().Host}
	px, err := visitor.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	for _, user := range []string{"", "somebody"} {
		secret, _ := px.URL().User.Password()
		for _, name := range []string{"mine.i2p", "theirs.i2p", site.Addr().Host} {
			got, err := through(px, user, secret).Resolve(t.Context(), name)
			require.NoError(t, err)
			assert.Equal(t, site.Addr().Host, got)
		}
		_, err = through(px, user, secret).Resolve(t.Context(), "nobody.i2p")
		assert.Equal(t, socks.HostUnreachable, replyOf(t, err))
	}
}

func TestExtendedErrors(t *testing.T) { overBoth(t, testExtendedErrors) }

func testExtendedErrors(t *testing.T, nw *network) {
	t.Parallel() // what is not found is looked for again, for a while
	visitor := nw.endpoint(t)
	visitor.ExtendedErrors = true
	nobody, err := keys.Generate()
	require.NoError(t, err)
	px, err := visitor.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	key := keys.GenerateLeaseSetKey()
	closed := nw.endpoint(t)
	missing := socks.MissingClientAuth
	if closed.I2CP == "" {
		closed.Configure = func(s *sam.Session) {
			s.LeaseSet = sam.LeaseSet{Encrypted: true, Clients: []sam.LeaseSetClient{{Name: "friend", Public: key.Public()}}}
		}
	} else {
		closed.ConfigureI2CP = func(s *i2cp.Session) { s.LeaseSet.Encrypted = true } // for clients alone i2pd publishes none
		missing = socks.DescriptorNotFound                                           // i2pd finds no such host over I2CP
	}
	serve(t, closed, hello)
	assert.Empty(t, visitor.EncryptedHost())
	for host, want := range map[string]socks.Reply{
		nobody.Destination().Base32(): socks.DescriptorNotFound, "nobody.i2p": socks.HostUnreachable, "example.com": socks.NotAllowed,
		"a..i2p": socks.BadAddress, "aaaa.b32.i2p": socks.BadAddress,
		closed.EncryptedHost(): missing,
	} {
		_, err := through(px, "", "").DialContext(t.Context(), "tcp", host+":80")
		assert.Equal(t, want, replyOf(t, err), host)
	}
}

func TestUnixSocket(t *testing.T) { overBoth(t, testUnixSocket) }

func testUnixSocket(t *testing.T, nw *network) {
	if runtime.GOOS == "windows" {
		t.Skip("sockets have no modes")
	}
	site, visitor := nw.endpoint(t), nw.endpoint(t)
	serve(t, site, hello)
	path := filepath.Join(t.TempDir(), "socks")
	px, err := visitor.ListenSOCKS(t.Context(), "unix", path)
	require.NoError(t, err)
	assert.Equal(t, "socks5h://localhost:0"+path, px.URL().String())
	d := &socks.Dialer{Network: "unix", Address: path}
	client := &http.Client{Transport: &http.Transport{DialContext: d.DialContext, DisableKeepAlives: true}}
	want := "hello " + visitor.Addr().String()
	assert.Equal(t, want, get(t, client, "http://"+site.Addr().Host+"/"))
	if curl, err := exec.LookPath("curl"); err == nil {
		out, err := exec.CommandContext(t.Context(), curl, "-sS", "-H", "Connection: close", "--proxy", px.URL().String(), "http://"+site.Addr().Host+"/").CombinedOutput()
		require.NoError(t, err, "%s", out)
		assert.Equal(t, want, string(out))
	}
	_, err = visitor.ListenSOCKS(t.Context(), "unix", path)
	assert.Error(t, err, "in use")
	require.NoError(t, px.Shutdown(t.Context()))
	assert.NoFileExists(t, path)
}
