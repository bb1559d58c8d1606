package i2cp

import (
	"encoding/base64"
	"fmt"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/dialer/internal/settings"
	"github.com/go-i2p/i2psocks/keys"
)

// LeaseSet configures how a session is published in the network database and how peers encrypt to it. The zero value
// is an ordinary lease set with X25519. Lease sets are made and signed in the process. See the I2P specifications of
// common structures, "LeaseSet2", and of encrypted lease sets.
type LeaseSet struct {
	// Encryption is how peers encrypt to the session. The zero value is X25519.
	Encryption Encryption

	// Encrypted hides the session from everybody who does not know its [Session.EncryptedHost], a longer name that
	// replaces its usual base32 name. The identity must be of type [keys.Ed25519] or [keys.RedDSA], and its signer a
	// [keys.BlindedSigner]. The keys of the lease set change at midnight UTC, so the clocks of the routers must be
	// right.
	Encrypted bool
	// Clients, if not empty, are the only ones who can use the name. Either all have a Public key (DH authorisation,
	// the better choice) or all a Shared one (PSK). Up to 200 are possible. i2pd can publish such lease sets over SAM
	// only: a session on it does not come up, and its error matches [errors.ErrUnsupported].
	Clients []LeaseSetClient

	// Key opens the encrypted lease sets of services that this session dials and that have it among their clients, by
	// DH or, if KeyIsShared, by PSK. Only Java I2P can look such names up over I2CP.
	Key         keys.LeaseSetKey
	KeyIsShared bool
}

// LeaseSetClient is a client that may use an encrypted lease set. Exactly one of the keys must be set.
type LeaseSetClient struct {
	Public keys.LeaseSetPublicKey // of a [keys.LeaseSetKey] that the client alone has
	Shared keys.LeaseSetKey       // that the client has as well
}

// Encryption is how peers encrypt to a session, as numbered in the specification of I2CP.
type Encryption int

// The hybrids are post-quantum: a peer that has ML-KEM too uses it together with X25519, all others use X25519 alone.
// They are not asked of routers that are too old for them, or that do not say how old they are: such a session is
// up nevertheless, and Status says "without ML-KEM" behind the router.
const (
	X25519          Encryption = 0
	X25519MLKEM512  Encryption = 5
	X25519MLKEM768  Encryption = 6
	X25519MLKEM1024 Encryption = 7
)

// types returns the encryption types of the lease set, the best one first. X25519 is always offered.
func (e Encryption) types() []i2cpwire.EncryptionType {
	if e == X25519 {
		return []i2cpwire.EncryptionType{i2cpwire.X25519}
	}
	return []i2cpwire.EncryptionType{i2cpwire.EncryptionType(e), i2cpwire.X25519}
}

// option returns the value of i2cp.leaseSetEncType.
func (e Encryption) option() string {
	if e == X25519 {
		return "4"
	}
	return fmt.Sprintf("%d,4", e)
}

// leaseParams is a LeaseSet, checked.
type leaseParams struct {
	encryption Encryption
	encrypted  bool
	forClients bool
	clients    func() i2cpwire.Clients // a func, since fmt looks into all else
	key        func() i2cpwire.ClientKey
}

func (l LeaseSet) params(s *Session) (p leaseParams, err error) {
	p = leaseParams{encryption: l.Encryption, encrypted: l.Encrypted, forClients: len(l.Clients) > 0}
	switch l.Encryption {
	case X25519, X25519MLKEM512, X25519MLKEM768, X25519MLKEM1024:
	default:
		return p, badOption("LeaseSet.Encryption", "%d is none of the constants", int(l.Encryption))
	}
	key := i2cpwire.ClientKey{}
	if !l.Key.IsZero() {
		if l.KeyIsShared {
			key.PSK = raw(l.Key.Reveal())
		} else {
			key.DH = raw(l.Key.Reveal())
		}
	}
	p.key = func() i2cpwire.ClientKey { return key }
	kind := s.signer.Destination().SignatureType()
	_, blinds := s.signer.(keys.BlindedSigner)
	switch {
	case !l.Encrypted && len(l.Clients) > 0:
		return p, badOption("LeaseSet.Clients", "needs LeaseSet.Encrypted, or everybody would be let in")
	case l.Encrypted && s.DialOnly:
		return p, badOption("LeaseSet.Encrypted", "is for who is to be found, which DialOnly forbids")
	case l.Encrypted && kind != keys.Ed25519 && kind != keys.RedDSA:
		return p, badOption("LeaseSet.Encrypted", "cannot be with an identity of type %v", kind)
	case l.Encrypted && !blinds:
		return p, badOption("LeaseSet.Encrypted", "needs a keys.BlindedSigner")
	}
	clients, err := l.clients()
	p.clients = func() i2cpwire.Clients { return clients }
	return p, err
}

func (l LeaseSet) clients() (c i2cpwire.Clients, err error) {
	if len(l.Clients) > i2cpwire.MaxClients {
		return c, badOption("LeaseSet.Clients", "more than %d", i2cpwire.MaxClients)
	}
	for i, client := range l.Clients {
		field := fmt.Sprintf("LeaseSet.Clients[%d]", i)
		if client.Shared.IsZero() == client.Public.IsZero() {
			return c, badOption(field, "needs either a public or a shared key")
		}
		if client.Shared.IsZero() {
			c.DH = append(c.DH, raw(client.Public.String()))
		} else {
			c.PSK = append(c.PSK, raw(client.Shared.Reveal()))
		}
		if len(c.DH) > 0 && len(c.PSK) > 0 {
			return c, badOption(field, "has another kind of key than the client before")
		}
	}
	return c, nil
}

// raw returns the 32 bytes of a key's text.
func raw(text string) (key [32]byte) {
	b, err := i2pBase64.DecodeString(text)
	if err != nil || len(b) != len(key) {
		panic("i2cp: not the text of a key") // keys makes no other
	}
	return [32]byte(b)
}

var i2pBase64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~")

// EncryptedHost returns the host name ("….b32.i2p", with 56 characters before the dot) of a session whose LeaseSet is
// Encrypted. It needs no router. It is empty for all other sessions, and if the fields of the Session are invalid.
func (s *Session) EncryptedHost() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.init() != nil || !s.LeaseSet.Encrypted {
		return ""
	}
	return settings.EncryptedHost(s.signer.Destination(), len(s.LeaseSet.Clients) > 0)
}

// ErrClientKey: the router cannot open the lease set of a service that only clients with a key can use.
// [Session.LeaseSet].Key is missing or not among its clients. Matches [dialer.ErrLeaseSetNotFound].
var ErrClientKey = fmt.Errorf("%w: not the key of a client", dialer.ErrLeaseSetNotFound)

// ErrEncryptedHost: the router, such as i2pd, cannot look up encrypted base32 names over I2CP. It can over SAM: dial
// with package dialer/sam. Matches [dialer.ErrLeaseSetNotFound].
var ErrEncryptedHost = fmt.Errorf("%w: this router finds encrypted names over SAM only, not over I2CP", dialer.ErrLeaseSetNotFound)
