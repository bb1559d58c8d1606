package sam

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// TestPassword: every connection to the bridge says who it is, in HELLO and nowhere else.
func TestPassword(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, nw *samtest.Network, a, _ *samtest.Bridge) {
		b := nw.Start(&samtest.Bridge{Router: a.Router, User: "me", Password: "hunter2"})
		var out bytes.Buffer
		logger := slog.New(slog.NewTextHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
		locked := b.Router == samtest.Java || b.Router == samtest.Instant
		for _, tc := range []struct {
			user, password string
			required       bool
		}{{"", "", true}, {"me", "hunter3", false}, {"you", "hunter2", false}} {
			s := session(t, b)
			s.Logger = logger
			if s.User = tc.user; s.User != "" {
				s.Password = func() string { return tc.password }
			}
			err := s.Up(t.Context())
			if !locked {
				require.NoError(t, err)
				continue
			}
			var refused *AuthError
			require.ErrorAs(t, err, &refused)
			assert.Equal(t, tc.required, refused.Required)
			assert.ErrorIs(t, err, fs.ErrPermission)
			assert.ErrorIs(t, err, dialer.ErrRouter)
			assert.NotContains(t, fmt.Sprint(err, s.Status().Err), "hunter")
		}
		server, client := session(t, b), session(t, b)
		for _, s := range []*Session{server, client} {
			s.Logger, s.User, s.Password = logger, "me", func() string { return "hunter2" }
		}
		site(t, server, banner)
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		require.NoError(t, conn.Close())
		_, err = client.Lookup(t.Context(), server.Addr().Host)
		require.NoError(t, err)
		pc, err := client.ListenPacket(t.Context(), "udp", ":0")
		require.NoError(t, err)
		require.NoError(t, pc.Close())
		time.Sleep(time.Minute)
		assert.NotContains(t, out.String(), "hunter")
		for _, c := range b.Commands() {
			if c.Name != "HELLO VERSION" {
				assert.NotContains(t, c.Line, "PASSWORD", "it belongs into HELLO alone")
			}
		}
	})
}

// TestPasswordOfFallback: a bridge that refuses is passed over as any that cannot be used.
func TestPasswordOfFallback(t *testing.T) {
	onRouters(t, []samtest.Router{samtest.Instant}, func(t *testing.T, nw *samtest.Network, _, other *samtest.Bridge) {
		locked := nw.Start(&samtest.Bridge{User: "me", Password: "hunter2"})
		s := roaming(t, locked, other)
		require.NoError(t, s.Up(t.Context()))
		assert.Empty(t, locked.Sessions())
		assert.Len(t, other.Sessions(), 1)
	})
}

func TestLogin(t *testing.T) {
	l, err := newLogin("me", func() string { return strings.Repeat("=", 128) })
	require.NoError(t, err)
	assert.Len(t, l(), 2)
	l, err = newLogin("", nil)
	require.NoError(t, err)
	assert.Empty(t, l())
	for line, want := range map[string]error{
		`HELLO REPLY RESULT=I2P_ERROR MESSAGE="USER and PASSWORD required"`: &AuthError{Required: true},
		`HELLO REPLY RESULT=I2P_ERROR MESSAGE="Authorization failed"`:       &AuthError{},
		`HELLO REPLY RESULT=I2P_ERROR MESSAGE="Must start with HELLO"`:      nil,
		`HELLO REPLY RESULT=OK MESSAGE="Authorization failed"`:              nil,
	} {
		m, err := parse(line)
		require.NoError(t, err)
		assert.Equal(t, want, authError(m), line)
	}
	assert.NotEqual(t, (&AuthError{}).Error(), (&AuthError{Required: true}).Error())
}
