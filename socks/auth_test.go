package socks

import (
	"context"
	"strings"
	"testing"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
	"github.com/stretchr/testify/assert"
)

// Lesson 17: the password alone decides, and an empty secret opens nothing.
func TestSecret(t *testing.T) {
	check := Secret("s3cret")
	assert.NoError(t, check(t.Context(), "", "s3cret"))
	assert.NoError(t, check(t.Context(), "anybody", "s3cret"))
	for _, wrong := range []string{"", "s3cre", "s3cret ", "S3CRET", "s3cret\x00"} {
		assert.Error(t, check(t.Context(), "s3cret", wrong), "%q", wrong)
	}
	assert.Error(t, Secret("")(t.Context(), "", ""))
}

// A secret may have colons, which part user names and passwords in SOCKS 4.
func TestVerify(t *testing.T) {
	for name, tc := range map[string]struct {
		secret     string
		in         wire.Request
		user, pass string
		ok         bool
	}{
		"SOCKS5":               {"c", wire.Request{Version: 5, Username: "a:b", Password: "c"}, "a:b", "c", true},
		"SOCKS5, no splitting": {"c", wire.Request{Version: 5, Username: "a:c"}, "a:c", "", false},
		"last colon":           {"c", wire.Request{Version: 4, Username: "a:b:c"}, "a:b", "c", true},
		"earlier colon":        {"b:c", wire.Request{Version: 4, Username: "a:b:c"}, "a", "b:c", true},
		"first colon":          {"b:c", wire.Request{Version: 4, Username: ":b:c"}, "", "b:c", true},
		"colons only":          {"::", wire.Request{Version: 4, Username: "a:::"}, "a", "::", true},
		"not the whole":        {"c", wire.Request{Version: 4, Username: "c"}, "c", "", false},
		"not within":           {"b", wire.Request{Version: 4, Username: "a:b:c"}, "a:b:c", "", false},
		"too many":             {"x" + strings.Repeat(":", 8), wire.Request{Version: 4, Username: "a:x" + strings.Repeat(":", 8)}, "a:x::::::::", "", false},
		"no colon":             {"c", wire.Request{Version: 4, Username: "a"}, "a", "", false},
		"unknown form":         {"c", wire.Request{Version: 4, Username: "<torS0X>1:c"}, "<torS0X>1:c", "", false},
	} {
		t.Run(name, func(t *testing.T) {
			srv := &Server{Authenticate: Secret(tc.secret)}
			assert.Equal(t, tc.ok, srv.verify(t.Context(), &tc.in))
			assert.Equal(t, []string{tc.user, tc.pass}, []string{tc.in.Username, tc.in.Password})
		})
	}
	everybody := &Server{Authenticate: func(_ context.Context, username, password string) error {
		if username == "a" && password == "" {
			return nil
		}
		return errCredentials
	}}
	assert.True(t, everybody.verify(t.Context(), &wire.Request{Version: 4, Username: "a"}), "a user without a password")
}
