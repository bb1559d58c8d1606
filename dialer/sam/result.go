package sam

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/settings"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

// ResultError is a RESULT other than OK. It matches an Err value of package dialer, chosen from the result and the
// command; Message is for people only.
type ResultError struct {
	Result  string // such as "CANT_REACH_PEER"; empty when the answer had none
	Message string // the router's own words, if any, without what may be a key or a destination
	Reason  error  // one of the Err values of package dialer
}

// Error returns the reason with the router's own words.
func (e *ResultError) Error() string {
	if e.Message == "" {
		return fmt.Sprintf("%v (SAM: %s)", e.Reason, e.Result)
	}
	return fmt.Sprintf("%v (SAM: %s, %q)", e.Reason, e.Result, e.Message)
}

// Unwrap returns the reason.
func (e *ResultError) Unwrap() error { return e.Reason }

// Timeout reports whether the reason is a timeout.
func (e *ResultError) Timeout() bool { return e.Reason == dialer.ErrTimeout }

// reasons of results that mean the same whatever was asked.
var reasons = map[string]error{
	"NOVERSION":          dialer.ErrRouter,
	"DUPLICATED_ID":      dialer.ErrRouter,
	"DUPLICATED_DEST":    dialer.ErrIdentityInUse,
	"INVALID_ID":         dialer.ErrRouterDown, // the session is gone
	"INVALID_KEY":        dialer.ErrBadDestination,
	"KEY_NOT_FOUND":      dialer.ErrNameNotFound,
	"PEER_NOT_FOUND":     dialer.ErrLeaseSetNotFound,
	"LEASESET_NOT_FOUND": dialer.ErrLeaseSetNotFound,
	"CANT_REACH_PEER":    dialer.ErrLeaseSetNotFound,
	"CONNECTION_REFUSED": dialer.ErrRefused,
	"TIMEOUT":            dialer.ErrTimeout,
	"ALREADY_ACCEPTING":  dialer.ErrRouter,
	"I2P_ERROR":          dialer.ErrRouter,
}

// resultError returns nil if m says OK, else a *ResultError.
func resultError(m wire.Message) error {
	result := m.Get("RESULT")
	if result == "OK" {
		return nil
	}
	reason, ok := reasons[result]
	if !ok {
		result, reason = settings.Quotable(result), dialer.ErrRouter
	}
	return &ResultError{result, settings.Quotable(m.Get("MESSAGE")), reason}
}

// slowConnect tells a connect that Java I2P tried in vain from one whose lease set it did not find.
const slowConnect = 50 * time.Second

// targetError returns nil if m says OK, else a *ResultError whose reason takes into account
// what was asked for and how long the answer took.
func targetError(m wire.Message, target i2phost.Host, took time.Duration) error {
	err := resultError(m)
	if err == nil {
		return nil
	}
	e := err.(*ResultError)
	switch e.Result {
	case "INVALID_KEY", "KEY_NOT_FOUND":
		switch target.Kind() {
		case i2phost.Name:
			e.Reason = dialer.ErrNameNotFound
		case i2phost.Base64:
			e.Reason = dialer.ErrBadDestination
		default:
			e.Reason = dialer.ErrLeaseSetNotFound
		}
	case "CANT_REACH_PEER":
		// The one place where the words count: Java I2P has no other way to say that nobody accepts.
		if strings.Contains(e.Message, "reset") {
			e.Reason = dialer.ErrRefused
		} else if took >= slowConnect {
			e.Reason = dialer.ErrTimeout
		}
	}
	return e
}

// down marks a failure of the connection to the router. The cause is kept as text only, lest a refused
// bridge read as a refused peer, unless it is the want of something on this machine.
func down(err error) error {
	if isScarce(err) {
		return fmt.Errorf("%w: %w", dialer.ErrRouterDown, err)
	}
	return fmt.Errorf("%w: %v", dialer.ErrRouterDown, err)
}

// scarce are the errors of a machine that is out of something, which is no fault of a router.
var scarce = []error{syscall.EMFILE, syscall.ENFILE, syscall.ENOBUFS, syscall.ENOMEM, syscall.EADDRNOTAVAIL}

// isScarce reports whether err is one of those.
func isScarce(err error) bool {
	return slices.ContainsFunc(scarce, func(want error) bool { return errors.Is(err, want) })
}
