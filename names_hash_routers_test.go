package i2psocks_test

import (
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/internal/routertest"
)

// hashBook is a book as i2pd is shipped with it: names, and base32 names without destinations.
func hashBook(t *testing.T, names map[string]string) *addrbook.Book {
	var table strings.Builder
	for name, b32 := range names {
		table.WriteString(name + "," + strings.TrimSuffix(b32, ".b32.i2p") + "\n")
	}
	h, err := addrbook.ReadI2PD(fstest.MapFS{"addressbook/addresses.csv": {Data: []byte(table.String())}}, nil)
	require.NoError(t, err)
	require.Equal(t, len(names), h.Len())
	return &addrbook.Book{Sources: []addrbook.Source{h}}
}

// A name that is known by its hash alone is dialled, by the program and through SOCKS.
func TestNamesByHash(t *testing.T) { overBoth(t, testNamesByHash) }

func testNamesByHash(t *testing.T, nw *network) {
	site, visitor := nw.endpoint(t), nw.endpoint(t)
	serve(t, site, hello)
	visitor.NoSecret = true
	visitor.Book = hashBook(t, map[string]string{"hash.i2p": site.Addr().Host})
	px := listenSOCKS(t, visitor, "127.0.0.1:0")
	for _, d := range []proxy.ContextDialer{visitor, through(px, "", "")} {
		for _, host := range []string{"hash.i2p", "HASH.i2p"} {
			_, err := routertest.Visit(t.Context(), d, host, 0)
			assert.NoError(t, err, host)
		}
	}
}

// TestNamesByHashOnRouters: a name that is known by its hash, and one by the key of its encrypted lease
// set, lead to their services through real routers.
func TestNamesByHashOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{})
	plain, hidden, visitor := routertest.Endpoint(t, nw, 0), routertest.Endpoint(t, nw, 0), routertest.Endpoint(t, nw, 1)
	hidden.Configure = func(s *sam.Session) { s.LeaseSet = sam.LeaseSet{Encrypted: true} }
	up(t, plain, hidden)
	serve(t, plain, text("plain"))
	serve(t, hidden, text("hidden"))
	require.NotEmpty(t, hidden.EncryptedHost())
	visitor.Book = hashBook(t, map[string]string{"plain.i2p": plain.Addr().Host, "hidden.i2p": hidden.EncryptedHost()})
	up(t, visitor)
	px := listenSOCKS(t, visitor, "127.0.0.1:0")
	for _, name := range []string{"plain", "hidden"} {
		for _, d := range []proxy.ContextDialer{visitor, through(px, "", "")} {
			again(t, func() error {
				page, err := routertest.Visit(t.Context(), d, name+".i2p", 30*time.Second)
				if err == nil {
					assert.Equal(t, name, page)
				}
				return err
			})
		}
	}
}
