package i2psocks

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"
)

// Secret is a password that is not shown by package fmt, by loggers, or as text or JSON, where it is empty. Convert
// it to a string to read it.
//
// Package fmt calls no methods on unexported fields, and prints them. A type with an Endpoint in an unexported field
// should have a Format or String method of its own if it may be printed.
type Secret string

const redacted = "[secret]"

// Format prints "[secret]", whatever the verb, or nothing for an empty secret.
func (s Secret) Format(w fmt.State, _ rune) { io.WriteString(w, s.shown()) }

// LogValue returns what Format prints.
func (s Secret) LogValue() slog.Value { return slog.StringValue(s.shown()) }

// MarshalText returns an empty text.
func (s Secret) MarshalText() ([]byte, error) { return nil, nil }

func (s Secret) shown() string {
	if s == "" {
		return ""
	}
	return redacted
}

// maxSecret is how long a password may be in RFC 1929.
const maxSecret = 255

// check refuses what no client can send: SOCKS 4 ends a user-id with NUL.
func (s Secret) check() error {
	switch {
	case len(s) > maxSecret:
		return fmt.Errorf("Secret is longer than %d bytes, which SOCKS cannot send", maxSecret)
	case strings.ContainsRune(string(s), 0):
		return errors.New("Secret holds a NUL, which SOCKS 4 cannot send")
	}
	return nil
}
