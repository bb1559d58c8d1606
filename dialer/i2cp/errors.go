package i2cp

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"syscall"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/dialer/internal/settings"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
)

// AuthError reports that the router requires a password for I2CP, or rejected the one given. It matches
// fs.ErrPermission and [dialer.ErrRouter].
type AuthError struct {
	Required bool // there was no password; otherwise the one given, or its user, is wrong
}

// Error returns which of the two it is.
func (e *AuthError) Error() string {
	if e.Required {
		return "the router needs Session.User and Session.Password"
	}
	return "the router refused Session.User or Session.Password"
}

// Is reports whether target is [fs.ErrPermission].
func (e *AuthError) Is(target error) bool { return target == fs.ErrPermission }

// Unwrap returns [dialer.ErrRouter].
func (e *AuthError) Unwrap() error { return dialer.ErrRouter }

// ErrTooLarge: the packet is longer than a router can take in one piece. Matches [syscall.EMSGSIZE].
var ErrTooLarge error = tooLarge{}

type tooLarge struct{}

func (tooLarge) Error() string        { return "packet too large" }
func (tooLarge) Is(target error) bool { return target == syscall.EMSGSIZE }

// errNoAnswer: a router that took the connection and says nothing.
var errNoAnswer = down(errors.New("no answer from the router"))

// down marks a failure of the connection to the router. The cause is kept as text only, lest a refused router read as
// a refused peer.
func down(err error) error { return fmt.Errorf("%w: %v", dialer.ErrRouterDown, err) }

// errUnsupportedCrypto: the router knows no hybrid encryption.
var errUnsupportedCrypto = fmt.Errorf("%w: unsupported encryption", dialer.ErrRouter)

// disconnected returns what the reason of a Disconnect means. Java I2P alone gives any; only the words tell.
func disconnected(reason string) error {
	text := strings.ToLower(reason)
	switch {
	case strings.Contains(text, "authorization required"):
		return &AuthError{Required: true}
	case strings.Contains(text, "authorization"):
		return &AuthError{}
	case strings.Contains(text, "duplicate destination"):
		return fmt.Errorf("%w (%q)", dialer.ErrIdentityInUse, settings.Quotable(reason))
	case strings.Contains(text, "unsupported crypto type"):
		return fmt.Errorf("%w (%q)", errUnsupportedCrypto, settings.Quotable(reason))
	}
	return fmt.Errorf("%w: %q", dialer.ErrRouter, settings.Quotable(reason))
}

// dialError returns why a stream was not opened in the words of package dialer.
func dialError(err error) error {
	for _, to := range []struct{ from, to error }{
		{streaming.ErrRefused, dialer.ErrRefused}, {streaming.ErrReset, dialer.ErrRefused},
		{streaming.ErrTimeout, dialer.ErrTimeout}, {streaming.ErrLimit, dialer.ErrLimit},
		{streaming.ErrSignature, dialer.ErrPeerUnreachable}, {streaming.ErrGone, dialer.ErrPeerUnreachable},
	} {
		if errors.Is(err, to.from) {
			return fmt.Errorf("%w (%v)", to.to, err)
		}
	}
	return err
}

// undelivered returns what a status says about a SYN that got no further; nil if it is on its way.
func undelivered(s i2cpwire.DeliveryStatus) error {
	switch s {
	case i2cpwire.StatusAccepted, i2cpwire.StatusGuaranteedSuccess, i2cpwire.StatusLocalSuccess:
		return nil
	case i2cpwire.StatusNoLeaseSet:
		return dialer.ErrLeaseSetNotFound
	}
	return fmt.Errorf("%w (%v)", dialer.ErrPeerUnreachable, s)
}

// hopeless reports whether another try cannot end otherwise.
func hopeless(s i2cpwire.DeliveryStatus) bool {
	switch s {
	case i2cpwire.StatusBadMessage, i2cpwire.StatusBadEncryption, i2cpwire.StatusBadDestination,
		i2cpwire.StatusBadLeaseSet, i2cpwire.StatusMetaLeaseSet, i2cpwire.StatusLoopback:
		return true
	}
	return false
}
