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
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
	"github.com/go-i2p/i2psocks/keys"
)

// LeaseSet says how a session is found in the network's directory and how peers encrypt to it. The zero value is
// an ordinary lease set, encrypted to by X25519. See the I2P specifications of common structures,
// "LeaseSet2", and of encrypted lease sets.
type LeaseSet struct {
	// Encryption is how peers encrypt to the session. The zero value is X25519.
	Encryption Encryption

	// Encrypted keeps the session from all who do not know its name: [Session.EncryptedHost], which is
	// longer and takes the place of the usual base32 name, by which the session is not found any more. The
	// identity must be of type [keys.Ed25519] or [keys.RedDSA]. On the name hangs a key that changes at
	// midnight UTC, so the clocks of routers must be right. A [PacketConn]
	// of the session is hidden too, so that peers cannot answer to its usual name. i2pd
	// does all of this; in tests with Java I2P 0.9.48 such names were not found.
	Encrypted bool
	// Clients, if there are any, are the only ones who can use the name. All must have a Public key
	// (authorisation by DH, the better choice), or all a Shared one (by PSK). About 40 fit.
	Clients []LeaseSetClient

	// Key opens the encrypted lease sets of services that this session dials and that have it among their
	// clients, by DH or PSK. There is one for a session: who uses several such services needs several
	// sessions. It is for dials; [Session.Lookup] of such a name has no key on i2pd.
	Key keys.LeaseSetKey
}

// LeaseSetClient is one who may use an encrypted lease set. Either of the keys must be set, not both.
type LeaseSetClient struct {
	// Name is what the router calls the client, up to 64 bytes of printable UTF-8. Empty means its number.
	Name string
	// Public is of a [keys.LeaseSetKey] that the client alone has.
	Public keys.LeaseSetPublicKey
	// Shared is a key that the client has as well.
	Shared keys.LeaseSetKey
}

// Encryption is how peers encrypt to a session, as numbered in the specification of I2CP.
type Encryption int

// The hybrids are post-quantum: a peer that has ML-KEM too uses it together with X25519, all others use X25519 alone.
// They are asked for where the router speaks SAM 3.3, as older i2pd crash on them; Java I2P that does not know
// them refuses, and is asked again for X25519. Such a session is up nevertheless, and Status says
// "without ML-KEM" behind the router, as does the log. i2pd that was built without it says nothing.
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

// EncryptedHost returns the host name ("….b32.i2p", with 56 characters before the dot) by which peers dial a session
// whose LeaseSet is Encrypted. It needs no router. It is "" for all other sessions, and if
// the fields of the Session are invalid.
func (s *Session) EncryptedHost() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.init() != nil || !s.LeaseSet.Encrypted {
		return ""
	}
	d := s.Identity.Destination()
	host, err := i2phost.Blinded{
		SignatureType: uint16(d.SignatureType()), Key: [32]byte(d.SigningKey()), NeedsAuth: len(s.LeaseSet.Clients) > 0,
	}.Host()
	if err != nil { // another type of signature, which init refuses
		return ""
	}
	return host.String()
}

// ErrClientKey: the lease set was not found, and the name says that the service lets in only clients whose keys
// it has. Session.LeaseSet.Key is missing or not among them, or the service is away: no router
// tells these apart. Matches [dialer.ErrLeaseSetNotFound].
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
