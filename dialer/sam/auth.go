package sam

import (
	"io/fs"
	"strings"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/settings"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

// AuthError reports that the SAM bridge requires a password, or rejected the one given. It matches fs.ErrPermission
// and [dialer.ErrRouter].
type AuthError struct {
	Required bool // there was no password; otherwise the one given, or its user, is wrong
}

// Error returns which of the two it is.
func (e *AuthError) Error() string {
	if e.Required {
		return "SAM needs a user and a password"
	}
	return "SAM refused the user or the password"
}

// Is reports whether target is [fs.ErrPermission].
func (e *AuthError) Is(target error) bool { return target == fs.ErrPermission }

// Unwrap returns [dialer.ErrRouter].
func (e *AuthError) Unwrap() error { return dialer.ErrRouter }

// authError returns what a HELLO REPLY says of passwords, nil if nothing. Only its words tell.
func authError(m wire.Message) error {
	text := strings.ToLower(m.Get("MESSAGE"))
	switch {
	case m.Get("RESULT") != "I2P_ERROR":
		return nil
	case strings.Contains(text, "password required"):
		return &AuthError{Required: true}
	case strings.Contains(text, "authorization failed"):
		return &AuthError{}
	}
	return nil
}

// login are the words of HELLO that say who we are. It is a func, as fmt looks into all else.
type login func() []wire.Param

// newLogin checks user and password. They must be words that need no quotes, which i2pd does not know.
func newLogin(user string, password func() string) (login, error) {
	const characters = "printable ASCII characters, without blanks, quotes and backslashes"
	secret, wrong := settings.Login(user, password, sendable, characters)
	if wrong != nil {
		return nil, badOption(wrong.Field, "%s", wrong.Reason)
	}
	if user == "" {
		return func() []wire.Param { return nil }, nil
	}
	return func() []wire.Param { return []wire.Param{{Key: "USER", Value: user}, {Key: "PASSWORD", Value: secret}} }, nil
}
