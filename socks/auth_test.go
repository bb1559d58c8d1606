package socks

import (
	"context"
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

func TestCredentials(t *testing.T) {
	asks := &Server{Authenticate: func(context.Context, string, string) error { return nil }}
	for _, tc := range []struct {
		srv        *Server
		in         wire.Request
		user, pass string
	}{
		{asks, wire.Request{Version: 5, Username: "a:b", Password: "c"}, "a:b", "c"},
		{asks, wire.Request{Version: 4, Username: "a:b:c"}, "a:b", "c"},
		{asks, wire.Request{Version: 4, Username: "a"}, "a", ""},
		{asks, wire.Request{Version: 4, Username: ":a"}, "", "a"},
		{&Server{}, wire.Request{Version: 4, Username: "a:b"}, "a:b", ""},
	} {
		user, pass := tc.srv.credentials(&tc.in)
		assert.Equal(t, []string{tc.user, tc.pass}, []string{user, pass}, "%+v", tc.in)
	}
}
