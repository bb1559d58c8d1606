package i2psocks_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/internal/i2pnet"
	"github.com/go-i2p/i2psocks/internal/routertest"
	"github.com/go-i2p/i2psocks/keys"
)

// TestKeysOnRouters: who a router says that an identity is, is who we say, whoever made it and in
// whatever form it came; and it is found under that name from another router.
func TestKeysOnRouters(t *testing.T) {
	t.Parallel()
	nw := i2pnet.Require(t, i2pnet.Config{})
	tests := map[string]keys.Identity{}
	for name, make := range map[string]func() (keys.Identity, error){"our Ed25519": keys.Generate, "our RedDSA": keys.GenerateRedDSA} {
		id, err := make()
		require.NoError(t, err)
		tests[name] = id
	}
	for _, kind := range []keys.SignatureType{keys.Ed25519, keys.RedDSA} {
		pub, private := destGenerate(t, nw, kind, keys.ElGamal)
		tests[fmt.Sprintf("router's %d in base64", kind)] = imported(t, []byte(private), keys.FormatSAM, pub, kind)
		_, private = destGenerate(t, nw, kind, keys.ElGamal)
		blob, err := base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~").DecodeString(private)
		require.NoError(t, err)
		tests[fmt.Sprintf("router's %d in bytes", kind)] = imported(t, blob, keys.FormatBinary, "", kind)
	}
	for _, crypto := range []keys.CryptoType{keys.X25519, keys.MLKEM768X25519} {
		pub, private := destGenerate(t, nw, keys.Ed25519, crypto)
		id, _, err := keys.Import(strings.NewReader(private))
		require.NoError(t, err)
		require.Equal(t, pub, id.Destination().Base64())
		require.Equal(t, crypto, id.Destination().CryptoType())
		tests[fmt.Sprintf("router's, of crypto type %d", crypto)] = id
	}
	file, b32 := tunnelKeys(t, nw)
	tunnel := imported(t, file, keys.FormatBinary, "", keys.Ed25519)
	assert.Equal(t, b32, tunnel.Destination().Base32(), "as the router that made it says")
	tests["i2pd's tunnel"] = tunnel

	t.Run("raw", func(t *testing.T) { // whose sessions are gone before others find the same identities elsewhere
		for name, id := range tests {
			t.Run(name, func(t *testing.T) {
				t.Parallel()
				sam := speak(t, nw, nw.Len()-1)
				sam("SESSION CREATE STYLE=STREAM ID=" + strings.ReplaceAll(id.Destination().Base32(), ".", "-") + " DESTINATION=" + id.RevealSAM() +
					" i2cp.dontPublishLeaseSet=true " + i2pnet.SessionOptions)
				assert.Equal(t, id.Destination().Base64(), sam("NAMING LOOKUP NAME=ME")["VALUE"])
			})
		}
	})
	visitor := routertest.Endpoint(t, nw, 1)
	endpoints := map[string]*i2psocks.Endpoint{}
	all := []*i2psocks.Endpoint{visitor}
	for name, id := range tests {
		endpoints[name] = withIdentity(t, routertest.Endpoint(t, nw, 0), id)
		all = append(all, endpoints[name])
	}
	up(t, all...)
	for name, ep := range endpoints {
		assert.Equal(t, tests[name].Destination(), ep.Addr().Destination, name)
		serve(t, ep, hello)
		t.Logf("%s found after %s", name, reach(t, visitor, tests[name].Destination().Base32()))
	}
}

// imported reads what a router has made, and checks that it is written again as it was.
func imported(t *testing.T, made []byte, form keys.Format, pub string, kind keys.SignatureType) keys.Identity {
	id, format, err := keys.Import(bytes.NewReader(made))
	require.NoError(t, err)
	assert.Equal(t, form, format)
	assert.Equal(t, kind, id.Destination().SignatureType())
	out, err := keys.Export(id, form)
	require.NoError(t, err)
	if form == keys.FormatSAM {
		out = bytes.TrimSuffix(out, []byte("\n"))
	}
	assert.True(t, bytes.Equal(made, out), "exported as it was imported")
	if pub != "" {
		assert.Equal(t, pub, id.Destination().Base64())
	}
	return id
}

// destGenerate lets a router make an identity.
func destGenerate(t *testing.T, nw *i2pnet.Network, kind keys.SignatureType, crypto keys.CryptoType) (pub, private string) {
	reply := speak(t, nw, 0)(fmt.Sprintf("DEST GENERATE SIGNATURE_TYPE=%d CRYPTO_TYPE=%d", kind, crypto))
	return reply["PUB"], reply["PRIV"]
}

// speak returns a SAM connection to a router: what it is told, it answers with keys and values.
func speak(t *testing.T, nw *i2pnet.Network, router int) func(line string) map[string]string {
	conn, err := nw.DialContext(t.Context(), "tcp", nw.SAM(router))
	require.NoError(t, err)
	t.Cleanup(func() { conn.Close() })
	r := bufio.NewReader(conn)
	say := func(line string) map[string]string {
		conn.SetDeadline(time.Now().Add(90 * time.Second))
		_, err := fmt.Fprintln(conn, line)
		assert.NoError(t, err)
		answer, err := r.ReadString('\n')
		assert.NoError(t, err)
		reply := make(map[string]string)
		for _, word := range strings.Fields(answer) {
			if key, value, ok := strings.Cut(word, "="); ok {
				reply[key] = value
			}
		}
		if assert.NotContains(t, reply, "MESSAGE") && reply["RESULT"] != "" {
			assert.Equal(t, "OK", reply["RESULT"])
		}
		return reply
	}
	say("HELLO VERSION MIN=3.0 MAX=3.1")
	return say
}

// tunnelKeys lets an i2pd make the key file of a server tunnel, and returns it, and the name that i2pd gives it.
func tunnelKeys(t *testing.T, nw *i2pnet.Network) (file []byte, b32 string) {
	dir := t.TempDir()
	conf, tunnels := filepath.Join(dir, "i2pd.conf"), filepath.Join(dir, "tunnels.conf")
	require.NoError(t, os.WriteFile(conf, []byte(loneRouter), 0o600))
	require.NoError(t, os.WriteFile(tunnels, []byte("[site]\ntype=server\nhost=127.0.0.1\nport=8080\nkeys=site.dat\nsignaturetype=7\n"), 0o600))
	program, err := exec.LookPath(filepath.Join(os.Getenv("I2PSOCKS_I2PD_DIR"), "i2pd"))
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel() // which ends it
	cmd := nw.Command(ctx, program, "--datadir="+dir, "--conf="+conf, "--tunconf="+tunnels)
	// The file is complete once the tunnel is there: of the keys, i2pd speaks while it still writes.
	for out, ready := start(t, cmd), false; !ready; {
		line, err := out.ReadString('\n')
		require.NoError(t, err)
		ready = strings.Contains(line, "server tunnels created")
		if _, line, ok := strings.Cut(line, "New private keys file "); ok {
			_, line, _ = strings.Cut(line, " for ")
			b32, _, _ = strings.Cut(line, " ")
		}
	}
	file, err = os.ReadFile(filepath.Join(dir, "site.dat"))
	require.NoError(t, err)
	return file, b32
}

// loneRouter is the configuration of an i2pd that nobody knows, and that knows nobody.
const loneRouter = `log=stdout
loglevel=info
ipv4=true
ipv6=false
nat=false
host=198.18.255.1
netid=88
reservedrange=false
[ssu2]
enabled=false
[http]
enabled=false
[httpproxy]
enabled=false
[socksproxy]
enabled=false
[sam]
enabled=false
[upnp]
enabled=false
[nettime]
enabled=false
[addressbook]
subscriptions=
[reseed]
urls=
yggurls=
`
