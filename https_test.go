package i2psocks_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"math/big"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest/leaktest"
)

// TestSystemRoots: a certificate that the system trusts is not trusted: its verifiers ask the network.
func TestSystemRoots(t *testing.T) { overBoth(t, testSystemRoots) }

func testSystemRoots(t *testing.T, nw *network) {
	dir := os.Getenv("TEST_ROOTS")
	if dir == "" { // the system's roots are read once a process
		dir = t.TempDir()
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+strings.Replace(t.Name(), "/", "$/^", 1)+"$", "-test.v")
		cmd.Env = append(os.Environ(), "TEST_ROOTS="+dir, "SSL_CERT_FILE="+filepath.Join(dir, "roots.pem"))
		out, err := cmd.CombinedOutput()
		assert.NoError(t, err, "%s", out)
		return
	}
	site, visitor := nw.endpoint(t), nw.endpoint(t)
	cert, root := certificate(t, "site.i2p", site.Addr().Host)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "roots.pem"), root, 0o600))
	visitor.Hosts = map[string]string{"site.i2p": site.Addr().Host}
	ln, err := site.Listen(t.Context(), "tcp", ":443")
	require.NoError(t, err)
	srv := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		fmt.Fprint(w, r.Host, " ", r.Header)
	}), ErrorLog: nil}
	t.Cleanup(func() { srv.Close() })
	go srv.Serve(tls.NewListener(ln, &tls.Config{Certificates: []tls.Certificate{cert}}))

	system := &http.Client{Transport: &http.Transport{DialContext: visitor.DialContext, DisableKeepAlives: true}}
	get(t, system, "https://site.i2p/")
	_, err = visitor.HTTPClient().Get("https://site.i2p/")
	assert.ErrorAs(t, err, new(x509.UnknownAuthorityError))

	pool := x509.NewCertPool()
	require.True(t, pool.AppendCertsFromPEM(root))
	own := &http.Client{Transport: &http.Transport{DialContext: visitor.DialContext, TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
	assert.Contains(t, get(t, own, "https://site.i2p/"), "site.i2p", "a pool of the program's own")
	_, err = visitor.HTTPClient().Get("https://example.com/")
	assert.ErrorIs(t, err, dialer.ErrNotI2P)
}

// certificate returns one that has signed itself, and the same for a pool.
func certificate(t *testing.T, names ...string) (tls.Certificate, []byte) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	model := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		DNSNames: names, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, model, model, key.Public(), key)
	require.NoError(t, err)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der})
}

// TestURLsAskNobody: whatever a URL or a site says, no name goes to the system's resolver, and no connection past the bridge.
func TestURLsAskNobody(t *testing.T) { overBoth(t, testURLsAskNobody) }

func testURLsAskNobody(t *testing.T, nw *network) {
	outside := leaktest.Guard(t)
	targets := []string{
		"http://tracker.example/1", "https://tracker.example/2", "https://any-label.i2p/", "http://any-label.i2p/", "http://" + outside.ProxyAddr(), "https://" + outside.ProxyAddr(),
		"http://localhost:" + mustParse(t, "http://"+outside.ProxyAddr()).Port(), "ftp://tracker.example/", "http://[::ffff:127.0.0.1]/", "http://tracker.i2p.example/",
	}
	site := raw(t, nw, func(request string) string {
		n := strings.Index("0123456789", request[len("GET /"):len("GET /")+1])
		return "HTTP/1.1 302 Found\r\nContent-Length: 0\r\nLocation: " + targets[n] + "\r\n\r\n"
	})
	ep := nw.endpoint(t)
	for _, client := range []*http.Client{ep.HTTPClient(), (&i2psocks.Endpoint{Backend: ep.Isolate("alice")}).HTTPClient()} {
		for n, target := range targets {
			for _, address := range []string{target, fmt.Sprintf("http://%s/%d", site.Addr().Host, n)} {
				_, err := client.Get(address)
				assert.Error(t, err, address)
			}
		}
	}
	for _, target := range targets {
		_, err := i2psocks.FromURL(mustParse(t, target))
		assert.Error(t, err)
	}
	_, err := i2psocks.FromURL(mustParse(t, nw.scheme+"://tracker.example:7656"))
	assert.Error(t, err)
	_, err = ep.ListenSOCKS(t.Context(), "tcp", "tracker.example:1080")
	assert.Error(t, err)
}
