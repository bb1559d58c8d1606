package sam

import (
	"bufio"
	"context"
	"crypto/ed25519"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
)

// TestEncryptedLeaseSets: a hidden service is found by its own name, by those who may, and by no other name.
func TestEncryptedLeaseSets(t *testing.T) {
	key, another := keys.GenerateLeaseSetKey(), keys.GenerateLeaseSetKey()
	for name, clients := range map[string][]LeaseSetClient{
		"none": nil,
		"DH":   {{Public: another.Public()}, {Name: "Bob's, in Zürich", Public: key.Public()}},
		"PSK":  {{Shared: another}, {Name: "b", Shared: key}},
	} {
		t.Run(name, func(t *testing.T) {
			onRouters(t, routers, func(t *testing.T, nw *samtest.Network, a, b *samtest.Bridge) {
				server, client, stranger, wrong := session(t, a), session(t, b), session(t, b), session(t, b)
				server.LeaseSet = LeaseSet{Encrypted: true, Clients: clients}
				client.LeaseSet.Key, wrong.LeaseSet.Key = key, keys.GenerateLeaseSetKey()
				site(t, server, banner)
				host := server.EncryptedHost()
				require.Len(t, host, 56+len(".b32.i2p"))

				conn, err := client.DialContext(t.Context(), "tcp", host+":80")
				require.NoError(t, err)
				line, err := bufio.NewReader(conn).ReadString('\n')
				require.NoError(t, err)
				assert.Contains(t, line, client.Addr().Host)
				assert.Equal(t, host+":80", conn.RemoteAddr().String())
				require.NoError(t, conn.Close())

				for _, s := range []*Session{stranger, wrong} {
					conn, err := s.DialContext(t.Context(), "tcp", strings.ToUpper(host)+":80")
					if clients == nil {
						require.NoError(t, err)
						conn.Close()
						continue
					}
					assert.ErrorIs(t, err, ErrClientKey)
					assert.ErrorIs(t, err, dialer.ErrLeaseSetNotFound)
					assert.ErrorIs(t, err, syscall.EHOSTUNREACH)
				}
				_, err = client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
				assert.ErrorIs(t, err, dialer.ErrLeaseSetNotFound, "the usual name is of no use")
				assert.NotErrorIs(t, err, ErrClientKey)
				assert.Empty(t, client.EncryptedHost())
				for _, c := range append(a.Commands(), b.Commands()...) {
					assert.NotContains(t, c.Line, key.Reveal())
				}
			})
		})
	}
}

// TestEncryptedHost compares with a name that a router's console showed.
func TestEncryptedHost(t *testing.T) {
	id, err := keys.ParseIdentity(vectorA())
	require.NoError(t, err)
	s := &Session{Identity: id, LeaseSet: LeaseSet{Encrypted: true}}
	assert.Equal(t, "z24g4a5ba677htqqxyoxbxiy45f4bglh4tldbg5fbvpr3xegmqjfkmny.b32.i2p", s.EncryptedHost())
	s = &Session{Identity: id, LeaseSet: LeaseSet{Encrypted: true, Clients: []LeaseSetClient{{Shared: keys.GenerateLeaseSetKey()}}}}
	assert.Equal(t, "zk4g4a5ba677htqqxyoxbxiy45f4bglh4tldbg5fbvpr3xegmqjfkmny.b32.i2p", s.EncryptedHost())

	red, err := keys.GenerateRedDSA()
	require.NoError(t, err)
	s = &Session{Identity: red, LeaseSet: LeaseSet{Encrypted: true}}
	assert.Len(t, s.EncryptedHost(), 64)
	s.mu.Lock()
	defer s.mu.Unlock()
	assert.Equal(t, "11", s.params(X25519)[0].Value)
}

// vectorA is the key of the seed 00 01 .. 1f, the padding 40 41 .. 5f and the crypto filler 80 81 .. 9f.
func vectorA() string {
	count := func(from byte) (b [32]byte) {
		for i := range b {
			b[i] = from + byte(i)
		}
		return b
	}
	seed, pad, filler := count(0), count(0x40), count(0x80)
	var b []byte
	for range 11 {
		b = append(b, pad[:]...)
	}
	b = append(append(b, ed25519.NewKeyFromSeed(seed[:])[32:]...), 5, 0, 4, 0, 7, 0, 0)
	for range 8 {
		b = append(b, filler[:]...)
	}
	return clientNames.EncodeToString(append(b, seed[:]...))
}

// TestPostQuantum: it is asked for where the router survives that, and else it shows that it was not.
func TestPostQuantum(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, nw *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		server.LeaseSet.Encryption = X25519MLKEM768
		site(t, server, banner)
		has := a.Router == samtest.I2PD259 || a.Router == samtest.Instant
		offered, creations := "4", 1
		if has {
			offered = "6,4"
		}
		if a.Router == samtest.Java {
			creations = 2
		}
		assert.Equal(t, offered, a.Sessions()[0].Options["i2cp.leaseSetEncType"])
		assert.Equal(t, has, !strings.Contains(server.Status().Router, ", without ML-KEM"), server.Status().Router)
		assert.Equal(t, creations, a.Count("SESSION CREATE"))
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err, "X25519 is always there")
		require.NoError(t, conn.Close())
		assert.NotContains(t, client.Status().Router, "ML-KEM", "nobody asked for it")

		a.Kill()
		require.NoError(t, a.Restart())
		synctest.Wait()
		require.NoError(t, a.WaitFor(t.Context(), func() bool { return len(a.Sessions()) == 1 && a.Sessions()[0].Ready }))
		assert.Equal(t, 2*creations, a.Count("SESSION CREATE"), "it is asked for each time: the reason may have been another one")
		assert.Equal(t, offered, a.Sessions()[0].Options["i2cp.leaseSetEncType"])
		assert.Zero(t, a.Stats().Crashes)
	})
}

// TestPostQuantumAfterOtherFailure: a router that fails with and without is not taken for one that cannot.
func TestPostQuantumAfterOtherFailure(t *testing.T) {
	onRouters(t, []samtest.Router{samtest.I2PD259}, func(t *testing.T, nw *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		s.LeaseSet.Encryption = X25519MLKEM512
		for range 2 {
			a.Inject(samtest.Fault{On: "SESSION CREATE", Result: "I2P_ERROR"})
		}
		assert.ErrorIs(t, s.Up(t.Context()), dialer.ErrRouter)
		assert.Equal(t, 2, a.Count("SESSION CREATE"))
		time.Sleep(settle)
		require.NoError(t, s.Up(t.Context()))
		assert.Equal(t, "5,4", a.Sessions()[0].Options["i2cp.leaseSetEncType"])
	})
}

// TestNoSecretIsPrinted: a Session that a host prints, by mistake, shows no key and no password.
func TestNoSecretIsPrinted(t *testing.T) {
	key := keys.GenerateLeaseSetKey()
	s := &Session{
		User: "me", Password: func() string { return "hunter2" },
		LeaseSet: LeaseSet{Encrypted: true, Clients: []LeaseSetClient{{Name: "bob", Shared: key}}, Key: key},
	}
	require.NotEmpty(t, s.EncryptedHost())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%d"} {
		out := fmt.Sprintf(verb, s)
		for _, secret := range []string{key.Reveal(), "hunter2", fmt.Sprintf("%x", "hunter2"), fmt.Sprintf("%x", key.Reveal()), s.Identity.Reveal()} {
			assert.False(t, strings.Contains(out, secret), verb)
		}
	}
}

func ExampleSession_EncryptedHost() {
	nw := samtest.NewNetwork()
	defer nw.Close()
	router := nw.Start(nil)

	key := keys.GenerateLeaseSetKey() // the client's
	server := &Session{Address: router.Addr(), LeaseSet: LeaseSet{Encrypted: true, Clients: []LeaseSetClient{{Name: "bob", Public: key.Public()}}}}
	defer server.Close()
	ln, err := server.Listen(context.Background(), "tcp", ":80")
	if err != nil {
		log.Fatal(err)
	}
	go func() {
		conn, err := ln.Accept()
		if err == nil {
			io.WriteString(conn, "hello bob\n")
			conn.Close()
		}
	}()

	client := &Session{Address: router.Addr(), LeaseSet: LeaseSet{Key: key}}
	defer client.Close()
	conn, err := client.Dial("tcp", net.JoinHostPort(server.EncryptedHost(), "80"))
	if err != nil {
		log.Fatal(err)
	}
	defer conn.Close()
	io.Copy(os.Stdout, conn)
	// Output: hello bob
}
