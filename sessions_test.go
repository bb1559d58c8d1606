package i2psocks_test

import (
	"io"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/keys"
	"github.com/go-i2p/i2psocks/socks"
)

// TestI2CPOneIdentity: streams on several ports and datagrams are one identity.
func TestI2CPOneIdentity(t *testing.T) {
	nw := overI2CP(i2cptest.NewStrict(t))
	a, b := nw.endpoint(t), nw.endpoint(t)
	for _, port := range []string{":80", ":6667"} {
		ln, err := b.Listen(t.Context(), "tcp", port)
		require.NoError(t, err)
		conn, err := a.DialContext(t.Context(), "tcp", ln.Addr().String())
		require.NoError(t, err)
		in, err := ln.Accept()
		require.NoError(t, err)
		go func() {
			io.WriteString(conn, "question")
			conn.(interface{ CloseWrite() error }).CloseWrite()
		}()
		got, err := io.ReadAll(in)
		require.NoError(t, err)
		assert.Equal(t, "question", string(got))
		_, err = io.WriteString(in, "answer")
		require.NoError(t, err)
		in.Close()
		got, err = io.ReadAll(conn)
		require.NoError(t, err)
		assert.Equal(t, "answer", string(got), "after our end")
		conn.Close()
	}
	in, err := b.ListenPacket(t.Context(), "udp", ":53")
	require.NoError(t, err)
	out, err := a.ListenPacket(t.Context(), "udp", ":1")
	require.NoError(t, err)
	_, err = out.WriteTo([]byte("hello"), in.LocalAddr())
	require.NoError(t, err)
	require.NoError(t, in.SetReadDeadline(time.Now().Add(10*time.Second)))
	_, from, err := in.ReadFrom(make([]byte, 100))
	require.NoError(t, err)
	assert.Equal(t, a.Addr().Host, from.(dialer.Addr).Host)
}

// TestI2CPKeeps: identities that are kept are the same over SAM and I2CP, one after the other.
func TestI2CPKeeps(t *testing.T) {
	r, dir := i2cptest.NewStrict(t).Start(nil), t.TempDir()
	over := &i2psocks.Endpoint{Dir: dir}
	want := over.Addr()
	require.NoError(t, over.Close())
	ep := &i2psocks.Endpoint{Dir: dir, I2CP: r.Addr(), Isolation: i2psocks.Isolation{Persistent: true, Listen: true}}
	require.NoError(t, ep.Up(t.Context()))
	assert.Equal(t, want, ep.Addr())
	token := ep.Isolate("token")
	ln, err := token.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	require.NoError(t, ep.Close())
	again := &i2psocks.Endpoint{Dir: dir, I2CP: r.Addr(), Isolation: i2psocks.Isolation{Persistent: true}}
	defer again.Close()
	require.NoError(t, again.Isolate("token").Up(t.Context()))
	assert.Equal(t, ln.Addr().(dialer.Addr).Host, again.Isolate("token").Addr().Host)
}

// TestI2CPConfigure: sessions can be changed, but no token can be made somebody else.
func TestI2CPConfigure(t *testing.T) {
	ep := overI2CP(i2cptest.NewStrict(t)).endpoint(t)
	id, err := keys.Generate()
	require.NoError(t, err)
	ep.ConfigureI2CP = func(s *i2cp.Session) { s.Signer, s.LeaseSet.Encrypted = id, true }
	ep.Isolation.ConfigureI2CP = func(s *i2cp.Session) { s.Signer, s.Identity = id, id }
	require.NoError(t, ep.Up(t.Context()))
	assert.Equal(t, id.Destination(), ep.Addr().Destination)
	assert.Len(t, ep.EncryptedHost(), 56+len(".b32.i2p"))
	token := ep.Isolate("token")
	require.NoError(t, token.Up(t.Context()))
	assert.NotEqual(t, id.Destination(), token.Addr().Destination)
}

func TestI2CPContradictions(t *testing.T) {
	for name, edit := range map[string]func(*i2psocks.Endpoint){
		"SAM":       func(e *i2psocks.Endpoint) { e.SAM = sam.DefaultAddress },
		"SAMUser":   func(e *i2psocks.Endpoint) { e.SAMUser = "me" },
		"Backend":   func(e *i2psocks.Endpoint) { e.Backend = new(sam.Session) },
		"Configure": func(e *i2psocks.Endpoint) { e.Configure = func(*sam.Session) {} },
		"isolated":  func(e *i2psocks.Endpoint) { e.Isolation.Configure = func(*sam.Session) {} },
		"no I2CP":   func(e *i2psocks.Endpoint) { e.I2CP, e.ConfigureI2CP = "", func(*i2cp.Session) {} },
	} {
		ep := &i2psocks.Endpoint{I2CP: i2cp.DefaultAddress}
		edit(ep)
		err := ep.Up(t.Context())
		assert.ErrorContains(t, err, "I2CP", name)
		ep.Close()
	}
}

func TestI2CPURL(t *testing.T) {
	for text, want := range map[string]string{
		"i2cp://":                          i2cp.DefaultAddress,
		"i2cp://192.0.2.1":                 "192.0.2.1:7654",
		"i2cp://[::1]:1234/?name=bot":      "[::1]:1234",
		"i2cp://localhost:1234?quantity=2": "localhost:1234",
		"i2cp://router.example":            "",
		"i2cp://127.0.0.1/path":            "",
		"i2cp://127.0.0.1:0":               "",
		"i2cp://127.0.0.1?sam=127.0.0.1:1": "",
		"i2cp://me@127.0.0.1":              "",
	} {
		u, err := url.Parse(text)
		require.NoError(t, err)
		ep, err := i2psocks.FromURL(u)
		if want == "" {
			assert.Error(t, err, text)
			continue
		}
		require.NoError(t, err, text)
		assert.Equal(t, want, ep.I2CP)
		assert.Empty(t, ep.SAM)
	}
}

// TestI2CPAssociate: SOCKS clients send datagrams as the endpoint itself, several at a time.
func TestI2CPAssociate(t *testing.T) {
	nw := overI2CP(i2cptest.NewStrict(t))
	site, ep := nw.endpoint(t), nw.endpoint(t)
	server, err := site.ListenPacket(t.Context(), "udp", ":53")
	require.NoError(t, err)
	go func() { // answers whom it hears
		b := make([]byte, 100)
		for {
			n, from, err := server.ReadFrom(b)
			if err != nil {
				return
			}
			server.WriteTo([]byte(string(b[:n])+" from "+from.(dialer.Addr).Host), from)
		}
	}()
	px := listenSOCKS(t, ep, "127.0.0.1:0")
	secret, _ := px.URL().User.Password()
	var clients []net.PacketConn
	for range 3 {
		d := &socks.Dialer{Address: px.URL().Host, Username: px.URL().User.Username(), Password: secret}
		pc, err := d.ListenPacket(t.Context(), "udp", "")
		require.NoError(t, err)
		defer pc.Close()
		clients = append(clients, pc)
	}
	for i, pc := range clients {
		word := string(rune('a' + i))
		_, err := pc.WriteTo([]byte(word), server.LocalAddr())
		require.NoError(t, err)
		require.NoError(t, pc.SetReadDeadline(time.Now().Add(10*time.Second)))
		b := make([]byte, 200)
		n, _, err := pc.ReadFrom(b)
		require.NoError(t, err)
		assert.Equal(t, word+" from "+ep.Addr().Host, string(b[:n]))
	}
}
