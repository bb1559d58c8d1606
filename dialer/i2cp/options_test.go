package i2cp

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/keys"
)

func TestOptionErrors(t *testing.T) {
	key := keys.GenerateLeaseSetKey()
	both := []LeaseSetClient{{Public: key.Public(), Shared: key}}
	mixed := []LeaseSetClient{{Public: key.Public()}, {Shared: key}}
	for want, edit := range map[string]func(*Session){
		"Inbound.Length":          func(s *Session) { s.Inbound.Length = 8 },
		"Outbound.Quantity":       func(s *Session) { s.Outbound.Quantity = 7 },
		"Inbound.Backup":          func(s *Session) { s.Inbound.Backup = -1 },
		"Inbound.LengthVariance":  func(s *Session) { s.Inbound.LengthVariance = -3 },
		"Outbound.LengthVariance": func(s *Session) { s.Outbound.LengthVariance = 5 },
		"Nickname":                func(s *Session) { s.Nickname = "with blanks" },
		"Options":                 func(s *Session) { s.Options = map[string]string{"inbound.length": "1"} },
		"no option":               func(s *Session) { s.Options = map[string]string{"foo.bar": "1"} },
		"no name":                 func(s *Session) { s.Options = map[string]string{"i2cp.a=b": "1"} },
		"that cannot be sent":     func(s *Session) { s.Options = map[string]string{"i2cp.gzip": "\n"} },
		"always true":             func(s *Session) { s.Options = map[string]string{"i2cp.FastReceive": "false"} },
		"LeaseSet.Encryption":     func(s *Session) { s.LeaseSet.Encryption = 3 },
		"LeaseSet.Clients":        func(s *Session) { s.LeaseSet.Clients = mixed },
		"another kind of key":     func(s *Session) { s.LeaseSet = LeaseSet{Encrypted: true, Clients: mixed} },
		"LeaseSet.Clients[0]":     func(s *Session) { s.LeaseSet = LeaseSet{Encrypted: true, Clients: both} },
		"more than 200":           func(s *Session) { s.LeaseSet = LeaseSet{Encrypted: true, Clients: make([]LeaseSetClient, 201)} },
		"LeaseSet.Encrypted":      func(s *Session) { s.LeaseSet.Encrypted, s.DialOnly = true, true },
		"keys.BlindedSigner":      func(s *Session) { s.LeaseSet.Encrypted = true; s.Signer = plainSigner{s.Identity} },
		"Signer":                  func(s *Session) { s.Signer = keys.Transient{} },
		"User":                    func(s *Session) { s.Password = func() string { return "x" } },
		"Password":                func(s *Session) { s.User = "me"; s.Password = func() string { return "\x00" } },
	} {
		id, err := keys.Generate()
		require.NoError(t, err)
		s := &Session{Identity: id}
		edit(s)
		err = s.Up(t.Context())
		assert.ErrorIs(t, err, syscall.EINVAL, want)
		assert.ErrorContains(t, err, want)
		assert.Zero(t, s.Addr())
		assert.Zero(t, s.Status())
		require.NoError(t, s.Close())
		assert.Equal(t, dialer.Closed, s.Status().State)
	}
}

// Options that a field stands for, or that would end a session, are refused by any spelling, with the field to use.
func TestRefusedOptions(t *testing.T) {
	for key, want := range map[string]string{
		"Inbound.length": "Session.Inbound", "outbound.Quantity": "Session.Outbound",
		"i2cp.leaseSetType": "Session.LeaseSet", "i2cp.LeaseSetEncType": "Session.LeaseSet", "i2cp.encryptLeaseSet": "Session.LeaseSet",
		"i2cp.dontPublishLeaseSet": "Session.DialOnly", "i2cp.fastReceive": "always true", "i2cp.messageReliability": "always none",
		"i2cp.username": "Session.User", "I2CP.Password": "Session.Password",
		"i2cp.closeOnIdle": "would close", "i2cp.closeIdleTime": "would close",
	} {
		assert.Contains(t, refuseOption(key, "1"), want, key)
	}
	assert.Empty(t, refuseOption("i2cp.gzip", strings.Repeat("x", 255)))
	assert.NotEmpty(t, refuseOption("i2cp.gzip", strings.Repeat("x", 256)), "longer than the protocol takes")
	assert.NotEmpty(t, refuseOption("i2cp.gzip", ""))
}

// plainSigner signs, and cannot blind.
type plainSigner struct{ id keys.Identity }

func (p plainSigner) Destination() keys.Destination { return p.id.Destination() }
func (p plainSigner) Sign(b []byte) ([]byte, error) { return p.id.Sign(b) }

// Nothing but an IP literal is dialled without a function of the host's own: a name would need DNS.
func TestAddresses(t *testing.T) {
	for _, address := range []string{"router.example:7654", "127.0.0.1", "[::1", ":7654"} {
		for field, s := range map[string]*Session{"Address": {Address: address}, "Fallbacks[1]": {Fallbacks: []string{"", address}}} {
			bad, ok := errors.AsType[*OptionError](s.Up(t.Context()))
			require.True(t, ok, address)
			assert.Equal(t, field, bad.Option)
		}
	}
	nw := i2cptest.NewStrict(t)
	addr := nw.Start(nil).Addr()
	for _, address := range []string{addr, strings.Replace(addr, "127.0.0.1", "localhost", 1)} {
		s := &Session{Address: address}
		require.NoError(t, s.Up(t.Context()))
		require.NoError(t, s.Close())
	}
}

func TestNobodyThere(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ln.Close()
	s := &Session{Address: ln.Addr().String()}
	defer s.Close()
	err = s.Up(t.Context())
	assert.ErrorIs(t, err, dialer.ErrRouterDown)
	assert.NotErrorIs(t, err, syscall.ECONNREFUSED, "not the peer has refused")
	assert.Equal(t, dialer.Idle, s.Status().State)
}

func TestPassword(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(&i2cptest.Router{Kind: i2cptest.Java, User: "me", Password: "right"})
		with := func(user, password string) *Session {
			return on(t, r, func(s *Session) {
				if user != "" {
					s.User, s.Password = user, func() string { return password }
				}
			})
		}
		var authErr *AuthError
		err := with("", "").Up(t.Context())
		require.ErrorAs(t, err, &authErr)
		assert.True(t, authErr.Required)
		wrong := with("me", "wrong")
		err = wrong.Up(t.Context())
		require.ErrorAs(t, err, &authErr)
		assert.False(t, authErr.Required)
		assert.ErrorIs(t, err, fs.ErrPermission)
		assert.ErrorIs(t, err, dialer.ErrRouter)
		assert.NotContains(t, fmt.Sprint(err), "wrong password")
		require.NoError(t, with("me", "right").Up(t.Context()))
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			assert.NotContains(t, fmt.Sprintf(verb, wrong.routers), "wrong")
			assert.NotContains(t, fmt.Sprintf(verb, wrong.params), "wrong")
		}
	})
}

// Hybrid encryption is asked of routers that know it, and of no other.
func TestMLKEM(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		r := nw.Start(&i2cptest.Router{Kind: kind})
		s := on(t, r, func(s *Session) { s.LeaseSet.Encryption = X25519MLKEM768 })
		require.NoError(t, s.Up(t.Context()))
		want, note := "6,4", false
		if kind == i2cptest.Java || kind == i2cptest.I2PD256 {
			want, note = "4", true
		}
		assert.Equal(t, want, r.Sessions()[0].Options["i2cp.leaseSetEncType"])
		assert.Equal(t, note, strings.Contains(s.Status().Router, "without ML-KEM"))
		name := "i2pd"
		if kind == i2cptest.Java {
			name = "Java I2P, I2CP 0.9.65"
		}
		assert.Contains(t, s.Status().Router, name)
	})
}

// A router that says only when asked that it knows none is asked for less.
func TestMLKEMRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(nil)
		r.Inject(i2cptest.Fault{On: "CreateSession", Disconnect: "Unsupported crypto type: 6"})
		s := on(t, r, func(s *Session) { s.LeaseSet.Encryption = X25519MLKEM768 })
		require.NoError(t, s.Up(t.Context()))
		assert.Contains(t, s.Status().Router, "without ML-KEM")
	})
}

// Encrypted lease sets are made here, and opened by routers that know how.
func TestEncryptedLeaseSets(t *testing.T) {
	key := keys.GenerateLeaseSetKey()
	tests := []struct {
		name    string
		clients []LeaseSetClient
		shared  bool
	}{
		{"all", nil, false},
		{"DH", []LeaseSetClient{{Public: keys.GenerateLeaseSetKey().Public()}, {Public: key.Public()}}, false},
		{"PSK", []LeaseSetClient{{Shared: key}}, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
				r := nw.Start(&i2cptest.Router{Kind: kind})
				b := on(t, nw.Start(&i2cptest.Router{Kind: kind}), func(s *Session) {
					s.LeaseSet = LeaseSet{Encrypted: true, Clients: tt.clients}
				})
				if kind != i2cptest.Java && tt.clients != nil {
					err := b.Up(t.Context())
					require.ErrorIs(t, err, errors.ErrUnsupported)
					require.ErrorContains(t, err, "SAM")
					return
				}
				ln := must(t, b, ":80")
				host := b.EncryptedHost()
				require.Len(t, host, 56+len(".b32.i2p"))
				friend := on(t, r, func(s *Session) { s.LeaseSet.Key, s.LeaseSet.KeyIsShared = key, tt.shared })
				conn, err := friend.DialContext(t.Context(), "tcp", host+":80")
				if kind != i2cptest.Java {
					assert.ErrorIs(t, err, ErrEncryptedHost)
					assert.ErrorIs(t, err, dialer.ErrLeaseSetNotFound)
					assert.ErrorContains(t, err, "SAM")
					return
				}
				require.NoError(t, err)
				conn.Close()
				in, err := ln.Accept()
				require.NoError(t, err)
				in.Close()
				stranger := on(t, r)
				_, err = stranger.DialContext(t.Context(), "tcp", b.Addr().Host+":80")
				assert.ErrorIs(t, err, dialer.ErrLeaseSetNotFound, "by its plain name")
				_, err = stranger.DialContext(t.Context(), "tcp", host+":80")
				assert.Equal(t, tt.clients != nil, err != nil)
				if err != nil {
					assert.ErrorIs(t, err, ErrClientKey)
				}
			})
		})
	}
	assert.Empty(t, new(Session).EncryptedHost())
}

// The key of an encrypted lease set changes at midnight, of which no router thinks.
func TestMidnight(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(&i2cptest.Router{Kind: i2cptest.Java})
		b := on(t, r, func(s *Session) { s.LeaseSet.Encrypted = true })
		must(t, b, ":80")
		now := time.Now().UTC()
		time.Sleep(now.Truncate(24 * time.Hour).Add(24*time.Hour - time.Second).Sub(now))
		before := r.Sessions()[0].LeaseSets
		time.Sleep(5 * time.Second)
		assert.Greater(t, r.Sessions()[0].LeaseSets, before)
		conn, err := on(t, nw.Start(&i2cptest.Router{Kind: i2cptest.Java})).DialContext(t.Context(), "tcp", b.EncryptedHost()+":80")
		require.NoError(t, err)
		conn.Close()
	})
}

func TestFailover(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		routers := map[string]*i2cptest.Router{"one:1": nw.Start(nil), "two:2": nw.Start(nil)}
		s := &Session{Address: "one:1", Fallbacks: []string{"two:2"}}
		s.DialRouter = func(ctx context.Context, _, address string) (net.Conn, error) { return routers[address].Dial(ctx) }
		t.Cleanup(func() { s.Close() })
		b := on(t, nw.Start(nil))
		client, server := streamPair(t, s, b)
		routers["one:1"].Kill()
		_, err := client.Write([]byte("hello"))
		require.NoError(t, err)
		_, err = server.Read(make([]byte, 5))
		require.NoError(t, err, "streams go on over the next router")
		assert.Len(t, routers["two:2"].Sessions(), 1)
	})
}

// A router whose clock is wrong does not keep the next one from publishing.
func TestFailoverOfClocks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		routers := map[string]*i2cptest.Router{"one:1": nw.Start(&i2cptest.Router{ClockOffset: time.Hour}), "two:2": nw.Start(nil)}
		s := &Session{Address: "one:1", Fallbacks: []string{"two:2"}}
		s.DialRouter = func(ctx context.Context, _, address string) (net.Conn, error) { return routers[address].Dial(ctx) }
		t.Cleanup(func() { s.Close() })
		require.NoError(t, s.Up(t.Context()))
		routers["one:1"].Kill()
		synctest.Wait()
		require.NoError(t, s.Up(t.Context()))
		synctest.Wait()
		assert.True(t, routers["two:2"].Sessions()[0].Ready)
	})
}

func TestLookup(t *testing.T) {
	each(t, func(t *testing.T, nw *i2cptest.Network, kind i2cptest.Kind) {
		r := nw.Start(&i2cptest.Router{Kind: kind})
		a, b := on(t, r), on(t, nw.Start(nil))
		require.NoError(t, b.Up(t.Context()))
		want := b.Addr()
		nw.SetHost("known.i2p", want.Destination)
		for _, host := range []string{"known.i2p", want.Host, want.Destination.Base64(), want.Host} {
			d, err := a.Lookup(t.Context(), host)
			require.NoError(t, err)
			assert.Equal(t, want.Destination, d)
			b32, err := a.LookupAddr(t.Context(), host)
			require.NoError(t, err)
			assert.Equal(t, want.Host, b32)
		}
		d, err := a.Lookup(t.Context(), a.Addr().Host)
		require.NoError(t, err)
		assert.Equal(t, a.Addr().Destination, d)
		_, err = a.Lookup(t.Context(), "example.com")
		assert.ErrorIs(t, err, dialer.ErrNotI2P)

		// Java I2P may not answer at all.
		r.Inject(i2cptest.Fault{On: "HostLookup", Ignore: true})
		begin := time.Now()
		_, err = a.Lookup(t.Context(), "silent.i2p")
		assert.ErrorIs(t, err, dialer.ErrTimeout)
		assert.Equal(t, 40*time.Second, time.Since(begin))
	})
}

// A router that lies about a base32 name is not believed.
func TestLookupLies(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		r := nw.Start(nil)
		a, b := on(t, r), on(t, nw.Start(nil))
		require.NoError(t, a.Up(t.Context()))
		stranger, err := keys.Generate()
		require.NoError(t, err)
		request := uint32(2) // the first was about the router
		for _, answer := range [][]byte{stranger.Destination().Bytes(), []byte("nonsense"), nil} {
			r.Inject(i2cptest.Fault{On: "HostLookup", Raw: hostReply(t, request, answer)})
			request++
			_, err := a.Lookup(t.Context(), b.Addr().Host)
			assert.Error(t, err)
		}
	})
}
