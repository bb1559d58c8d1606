package etcdkeys

import (
	"fmt"
	"io"
	"log/slog"
)

// String says what it is, and shows neither the Client, which knows a password,
// nor the Sealer.
func (s *Store) String() string { return "etcdkeys.Store" }

// Format prints what String returns, whatever the verb and flags.
func (s *Store) Format(f fmt.State, _ rune) { io.WriteString(f, s.String()) }

// LogValue logs what String returns.
func (s *Store) LogValue() slog.Value { return slog.StringValue(s.String()) }

// MarshalText returns what String returns.
func (s *Store) MarshalText() ([]byte, error) { return []byte(s.String()), nil }
