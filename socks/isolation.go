package socks

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"strconv"
	"strings"
)

// torExtended begins a username of Tor's extended form (socks-extensions, "Extended
// authentication"). One byte follows that says what the rest means; '0' is a plain isolation
// token, in the password or behind it.
const torExtended = "<torS0X>"

var errExtendedForm = errors.New("socks: username of an unknown extended form")

// knownForm reports whether a username is one that we understand. To take an extended form
// for a plain name would give its user less than it asked for.
func knownForm(username string) bool {
	form, extended := strings.CutPrefix(username, torExtended)
	return !extended || strings.HasPrefix(form, "0")
}

// Isolation returns a key that separates users who must not share an identity. It differs by listener (see
// [Server].SessionGroup), by Username and, unless the server requires a password, by Password. It is a hexadecimal
// hash and may be logged. It is stable as long as the listener exists, or permanently in a SessionGroup; there,
// someone who guesses a username can verify the guess.
func (r Request) Isolation() string {
	parts := []string{"i2psocks isolation 1", r.listener, r.Username, r.Password}
	if r.secret {
		parts = parts[:3]
	}
	b := make([]byte, 0, 256)
	for _, p := range parts {
		b = append(binary.BigEndian.AppendUint64(b, uint64(len(p))), p...)
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:16])
}

// listenerID returns what the clients of one listener have in common in their isolation keys.
func (s *Server) listenerID() string {
	if s.SessionGroup != 0 {
		return "group " + strconv.Itoa(s.SessionGroup)
	}
	return rand.Text()
}
