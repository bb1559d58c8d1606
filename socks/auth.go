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

// Secret returns a function for [Server].Authenticate that asks for a password
// and takes any username, which is then free to tell users apart. The
// comparison takes the same time wherever the passwords differ. An empty
// password refuses everybody.
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

// credentials returns what the client gave. A user ID of SOCKS 4 carries a
// password only where one is asked for; elsewhere a colon means nothing.
func (s *Server) credentials(w *wire.Request) (username, password string) {
	if w.Version != wire.Version4 || s.Authenticate == nil {
		return w.Username, w.Password
	}
	if i := strings.LastIndexByte(w.Username, ':'); i >= 0 {
		return w.Username[:i], w.Username[i+1:]
	}
	return w.Username, ""
}
