package socks

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"strings"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
)

var errCredentials = errors.New("socks: wrong credentials")

// Secret returns a function for [Server].Authenticate that requires a password and accepts any username, which can
// then distinguish users. The comparison takes constant time. An empty password rejects all clients, and so does one
// that clients cannot send: SOCKS 5 carries up to 255 bytes, SOCKS 4 no NUL.
func Secret(password string) func(ctx context.Context, username, password string) error {
	want, usable := sha256.Sum256([]byte(password)), password != ""
	return func(_ context.Context, _, password string) error {
		got := sha256.Sum256([]byte(password))
		if subtle.ConstantTimeCompare(got[:], want[:]) == 1 && usable {
			return nil
		}
		return errCredentials
	}
}

// maxSplits bounds how many colons of a SOCKS 4 user ID are tried.
const maxSplits = 8

// verify judges the credentials of a handshake. A user ID of SOCKS 4 carries both: its password is behind a colon, but may
// have colons as well, and so is tried from the shortest on. What is accepted takes the place of the user ID. Where no
// password is asked for, a colon means nothing.
func (s *Server) verify(ctx context.Context, w *wire.Request) bool {
	ok := func(username, password string) bool {
		return knownForm(username) && s.authenticate(ctx, username, password) == nil
	}
	if w.Version != wire.Version4 {
		return ok(w.Username, w.Password)
	}
	end := len(w.Username)
	for range maxSplits {
		if end = strings.LastIndexByte(w.Username[:end], ':'); end < 0 {
			break
		}
		if username, password := w.Username[:end], w.Username[end+1:]; ok(username, password) {
			w.Username, w.Password = username, password
			return true
		}
	}
	return ok(w.Username, "")
}

func (s *Server) authenticate(ctx context.Context, username, password string) (err error) {
	defer s.contain("Authenticate", &err)
	return s.Authenticate(ctx, username, password)
}
