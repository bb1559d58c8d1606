package sam

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strconv"
	"unicode"
	"unicode/utf8"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/settings"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
	"github.com/go-i2p/i2psocks/keys"
)

// LeaseSet configures how a session is published in the network database and how peers encrypt to it. The zero value
// is an ordinary lease set with X25519. See the I2P specifications of common structures, "LeaseSet2", and of
// encrypted lease sets.
type LeaseSet struct {
	// Encryption is how peers encrypt to the session. The zero value is X25519.
	Encryption Encryption

	// Encrypted hides the session from everybody who does not know its [Session.EncryptedHost], a longer name that
	// replaces its usual base32 name. The identity must be of type [keys.Ed25519] or [keys.RedDSA]. The keys of the
	// lease set change at midnight UTC, so the clocks of the routers must be right. A [PacketConn] of the session is
	// hidden too, so that peers cannot reply to its usual name. i2pd supports this; in tests, Java I2P 0.9.48 did not
	// find such names.
	Encrypted bool
	// Clients, if not empty, are the only ones who can use the name. Either all have a Public key (DH authorisation,
	// the better choice) or all a Shared one (PSK). About 40 are possible.
	Clients []LeaseSetClient

	// Key opens the encrypted lease sets of services that this session dials and that have it among their clients, by
	// DH or PSK. A session has one key: to use several such services, use several sessions. It applies to dials;
	// [Session.Lookup] of such a name does not use it on i2pd.
	Key keys.LeaseSetKey
}

// LeaseSetClient is a client that may use an encrypted lease set. Exactly one of the keys must be set.
type LeaseSetClient struct {
	// Name is the name of the client for the router, up to 64 bytes of printable UTF-8. Empty means its number.
	Name string
	// Public belongs to a [keys.LeaseSetKey] that only the client has.
	Public keys.LeaseSetPublicKey
	// Shared is a key that the client has too.
	Shared keys.LeaseSetKey
}

// Encryption is how peers encrypt to a session, as numbered in the I2CP specification.
type Encryption int

// The hybrids are post-quantum: peers that support ML-KEM use it together with X25519, all others X25519 alone. They are
// requested only from routers with SAM 3.3, because older i2pd crash on them. If Java I2P does not know them, X25519 is
// requested instead; the session is then up, and Status.Router and the log say "without ML-KEM". An i2pd that was built
// without ML-KEM does not report it.
const (
	X25519          Encryption = 0
	X25519MLKEM512  Encryption = 5
	X25519MLKEM768  Encryption = 6
	X25519MLKEM1024 Encryption = 7
)

const maxClientName = 64

// option returns the value of i2cp.leaseSetEncType. X25519 is always offered; never ElGamal: who offers that loses the
// useful error of a mismatch.
func (e Encryption) option() string {
	if e == X25519 {
		return "4"
	}
	return strconv.Itoa(int(e)) + ",4"
}

// params checks a lease set for an identity, and returns its options but for the encryption type.
func (l LeaseSet) params(identity keys.SignatureType, dialOnly bool) ([]wire.Param, error) {
	switch l.Encryption {
	case X25519, X25519MLKEM512, X25519MLKEM768, X25519MLKEM1024:
	default:
		return nil, badOption("LeaseSet.Encryption", "%d is none of the constants", int(l.Encryption))
	}
	var params []wire.Param
	if !l.Key.IsZero() {
		params = append(params, wire.Param{Key: "i2cp.leaseSetPrivKey", Value: l.Key.Reveal()})
	}
	switch {
	case !l.Encrypted && len(l.Clients) > 0:
		return nil, badOption("LeaseSet.Clients", "needs LeaseSet.Encrypted, or everybody would be let in")
	case !l.Encrypted:
		return params, nil
	case dialOnly:
		return nil, badOption("LeaseSet.Encrypted", "is for who is to be found, which DialOnly forbids")
	case identity != keys.Ed25519 && identity != keys.RedDSA:
		return nil, badOption("LeaseSet.Encrypted", "cannot be with an identity of type %v", identity)
	}
	params = append(params, wire.Param{Key: "i2cp.leaseSetType", Value: "5"})
	clients, err := clientParams(l.Clients)
	return append(params, clients...), err
}

// clientParams returns who may use an encrypted lease set; nothing for no clients.
func clientParams(clients []LeaseSetClient) ([]wire.Param, error) {
	if len(clients) == 0 {
		return nil, nil
	}
	shared := !clients[0].Shared.IsZero()
	kind, auth := "dh", "1"
	if shared {
		kind, auth = "psk", "2"
	}
	params := []wire.Param{{Key: "i2cp.leaseSetAuthType", Value: auth}}
	for i, c := range clients {
		field := fmt.Sprintf("LeaseSet.Clients[%d]", i)
		key := c.Public.String()
		if shared {
			key = c.Shared.Reveal()
		}
		switch {
		case c.Shared.IsZero() == c.Public.IsZero():
			return nil, badOption(field, "needs either a public or a shared key")
		case c.Shared.IsZero() == shared:
			return nil, badOption(field, "has another kind of key than the client before")
		case !validClientName(c.Name):
			return nil, badOption(field+".Name", "is not up to %d bytes of printable UTF-8", maxClientName)
		}
		n := strconv.Itoa(i)
		name := c.Name
		if name == "" {
			name = n
		}
		params = append(params, wire.Param{Key: "i2cp.leaseSetClient." + kind + "." + n, Value: clientNames.EncodeToString([]byte(name)) + ":" + key})
	}
	return params, nil
}

// clientNames is I2P's base64.
var clientNames = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~")

func validClientName(s string) bool {
	for _, r := range s {
		if !unicode.IsPrint(r) {
			return false
		}
	}
	return len(s) <= maxClientName && utf8.ValidString(s)
}

// EncryptedHost returns the host name ("….b32.i2p", with 56 characters before the dot) of a session whose LeaseSet is
// Encrypted. It needs no router. It is empty for all other sessions, and if the fields of the Session are invalid.
func (s *Session) EncryptedHost() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.init() != nil || !s.LeaseSet.Encrypted {
		return ""
	}
	return settings.EncryptedHost(s.Identity.Destination(), len(s.LeaseSet.Clients) > 0)
}

// ErrClientKey: the lease set was not found, and the name says that only clients with a key can use the service.
// [Session.LeaseSet].Key is missing or not among its clients, or the service is offline: routers do not distinguish
// these cases. Matches [dialer.ErrLeaseSetNotFound].
var ErrClientKey = fmt.Errorf("%w, or not the key of a client", dialer.ErrLeaseSetNotFound)

// explainKey returns ErrClientKey with the router's answer, if it may be the reason why a dial failed.
func explainKey(host i2phost.Host, err error) error {
	if b, ok := host.Blinded(); ok && b.NeedsAuth && errors.Is(err, dialer.ErrLeaseSetNotFound) {
		return keyError{err}
	}
	return err
}

// keyError is an answer of the router that is ErrClientKey as well.
type keyError struct{ error }

func (e keyError) Error() string {
	return e.error.Error() + ", or the session does not have the key of a client"
}
func (e keyError) Is(target error) bool { return target == ErrClientKey }
func (e keyError) Unwrap() error        { return e.error }
