package socks_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// keyring is a server that tells the isolation key of each request.
func keyring(secret string, group int) (*socks.Server, chan string) {
	keys := make(chan string, 16)
	srv := &socks.Server{SessionGroup: group, Select: func(_ context.Context, r *socks.Request) (proxyDialer, error) {
		keys <- r.Isolation()
		return &echo{}, nil
	}}
	if secret != "" {
		srv.Authenticate = socks.Secret(secret)
	}
	return srv, keys
}

func login(user, pass string) string {
	return fmt.Sprintf("05 01 02 01 %02x %x %02x %x", len(user), user, len(pass), pass) + toHost
}

// keyOf connects with credentials and returns the key.
func keyOf(t *testing.T, srv *sockstest.Server, keys chan string, user, pass string) string {
	t.Helper()
	c := srv.Client()
	c.Send(login(user, pass))
	c.Expect("05 02 01 00" + succeeded)
	c.Close()
	return <-keys
}

func TestIsolationTellsUsersApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, keys := keyring("", 0)
		srv := sockstest.Start(t, cfg)
		seen := make(map[string]string)
		for _, cred := range [][2]string{
			{"", ""}, {"a", ""}, {"", "a"}, {"a", "b"}, {"ab", ""}, {"", "ab"}, {"<torS0X>0", "a"}, {"<torS0X>0a", ""}, {"<torS0X>0", "b"},
		} {
			key := keyOf(t, srv, keys, cred[0], cred[1])
			assert.Equal(t, key, keyOf(t, srv, keys, cred[0], cred[1]), "the same at each request")
			assert.Regexp(t, "^[0-9a-f]{32}$", key)
			assert.Empty(t, seen[key], "%q", cred)
			seen[key] = fmt.Sprintf("%q", cred)
		}
		c := srv.Client()
		c.Send("04 01 00 50 00 00 00 01 61 00 61 2e 69 32 70 00")
		c.Expect(granted)
		assert.Equal(t, `["a" ""]`, seen[<-keys], "a user ID is a username")
	})
}

func TestIsolationLeavesTheSecretOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		cfg, keys := keyring("pw", 7)
		other, otherKeys := keyring("new", 7)
		key := keyOf(t, sockstest.Start(t, cfg), keys, "alice", "pw")
		assert.Equal(t, key, keyOf(t, sockstest.Start(t, other), otherKeys, "alice", "new"), "a new secret is not a new identity")
		assert.NotEqual(t, key, keyOf(t, sockstest.Start(t, cfg), keys, "bob", "pw"))
	})
}

// Lesson 3: the same credentials on two listeners once shared what was meant to be apart.
func TestLessonListenersAreKeptApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var keys []string
		cfg, got := keyring("", 0)
		second, gotSecond := keyring("", 0)
		for range 2 {
			keys = append(keys, keyOf(t, sockstest.Start(t, cfg), got, "alice", "x"))
			keys = append(keys, keyOf(t, sockstest.Start(t, second), gotSecond, "alice", "x"))
		}
		near, far := sockstest.Pipe()
		go cfg.ServeConn(t.Context(), near)
		c := sockstest.NewClient(t, far)
		c.Send(login("alice", "x"))
		c.Expect("05 02 01 00" + succeeded)
		keys = append(keys, <-got)
		for i, a := range keys {
			assert.NotContains(t, keys[:i], a)
		}

		a, inA := keyring("", 3)
		b, inB := keyring("", 3)
		other, inOther := keyring("", 4)
		key := keyOf(t, sockstest.Start(t, a), inA, "alice", "x")
		assert.Equal(t, key, keyOf(t, sockstest.Start(t, b), inB, "alice", "x"), "one group")
		assert.NotEqual(t, key, keyOf(t, sockstest.Start(t, other), inOther, "alice", "x"), "another group")
	})
}

func TestExtendedForms(t *testing.T) {
	for user, known := range map[string]bool{
		"<torS0X>0": true, "<torS0X>0token": true, "<torS0X>1": false, "<torS0X>": false, "<torS0X>x0": false,
		"<TORS0X>1": true, "x<torS0X>1": true, "<torS": true,
	} {
		synctest.Test(t, func(t *testing.T) {
			open, _ := keyring("", 0)
			c := sockstest.Start(t, open).Client()
			c.Send(login(user, "token"))
			closed, _ := keyring("pw", 0)
			locked := sockstest.Start(t, closed).Client()
			locked.Send(login(user, "pw"))
			four := sockstest.Start(t, open).Client()
			four.Send(fmt.Sprintf("04 01 00 50 00 00 00 01 %x 00 61 2e 69 32 70 00", user))
			if known {
				c.Expect("05 02 01 00" + succeeded)
				locked.Expect("05 02 01 00" + succeeded)
				four.Expect(granted)
				return
			}
			c.Expect("05 02 01 00" + failed(2))
			c.ExpectEnd()
			locked.Expect("05 02 01 01")
			locked.ExpectEnd()
			four.Expect(rejected)
			four.ExpectEnd()
		})
	}
}

// Keys may be logged: they must not hold what they are made of.
func TestIsolationOfNobody(t *testing.T) {
	key := socks.Request{Username: "alice", Password: "hunter2"}.Isolation()
	require.Len(t, key, 32)
	assert.Equal(t, key, socks.Request{Username: "alice", Password: "hunter2", Host: "a.i2p", Port: 1}.Isolation())
	assert.NotEqual(t, key, socks.Request{Username: "alice", Password: "hunter3"}.Isolation())
}
