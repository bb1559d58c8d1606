package i2cpwire

import (
	"bytes"
	"crypto/ecdh"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
)

// Clients are who can open an encrypted lease set; all who know the destination if there are none. They are
// known by public X25519 keys (DH), or by keys that they share with the service (PSK), not by both: I2P specification of
// encrypted lease sets, "Per-client authorization".
type Clients struct {
	DH, PSK [][32]byte
}

// ClientKey is what a client has: its private X25519 key or the shared one. The zero value is none.
type ClientKey struct {
	DH, PSK [32]byte
}

// ErrNotClient: an encrypted lease set that is for clients, of which the key at hand is none.
var ErrNotClient = errors.New("lease set is for clients with a key")

// Forms of the first byte inside.
const (
	authNone = 0
	authDH   = 1
	authPSK  = 1 | 1<<1
)

const (
	cookieLen   = 32
	clientIDLen = 8
	entryLen    = clientIDLen + cookieLen
)

// MaxClients is how many clients fit.
const MaxClients = 200

// seal returns what stands before the inner layer, and the cookie that clients alone learn from it.
func (c Clients) seal(input []byte) (head, cookie []byte, err error) {
	if len(c.DH) == 0 && len(c.PSK) == 0 {
		return []byte{authNone}, nil, nil
	}
	if len(c.DH) > 0 && len(c.PSK) > 0 || len(c.DH)+len(c.PSK) > MaxClients {
		return nil, nil, fmt.Errorf("%w: clients", errLeaseSet)
	}
	cookie = make([]byte, cookieLen)
	rand.Read(cookie)
	if len(c.PSK) > 0 {
		head = append([]byte{authPSK}, make([]byte, saltLen)...)
		rand.Read(head[1:])
		head = binary.BigEndian.AppendUint16(head, uint16(len(c.PSK)))
		for _, key := range c.PSK {
			head = appendClient(head, pskEntry(key, input, head[1:1+saltLen]), cookie)
		}
		return head, cookie, nil
	}
	ephemeral, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, nil, err
	}
	public := ephemeral.PublicKey().Bytes()
	head = append([]byte{authDH}, public...)
	head = binary.BigEndian.AppendUint16(head, uint16(len(c.DH)))
	for _, key := range c.DH {
		entry, err := dhEntry(ephemeral, key, key, input, public)
		if err != nil {
			return nil, nil, err
		}
		head = appendClient(head, entry, cookie)
	}
	return head, cookie, nil
}

// open returns the inner layer and the cookie that it is encrypted by.
func (k ClientKey) open(input, outer []byte) (inner, cookie []byte, err error) {
	c := &cursor{b: outer}
	auth := c.u8()
	if auth == authNone && !c.bad {
		return c.rest(), nil, nil
	}
	salt := c.bytes(saltLen)
	entries := c.bytes(int(c.u16()) * entryLen)
	if c.bad {
		return nil, nil, fmt.Errorf("encrypted lease set: %w: inside", ErrMalformed)
	}
	var entry []byte
	switch {
	case auth == authPSK && k.PSK != [32]byte{}:
		entry = pskEntry(k.PSK, input, salt)
	case auth == authDH && k.DH != [32]byte{}:
		private, err := ecdh.X25519().NewPrivateKey(k.DH[:])
		if err != nil {
			return nil, nil, err
		}
		if entry, err = dhEntry(private, [32]byte(salt), [32]byte(private.PublicKey().Bytes()), input, salt); err != nil {
			return nil, nil, err
		}
	default:
		return nil, nil, ErrNotClient
	}
	for ; len(entries) > 0; entries = entries[entryLen:] {
		if bytes.Equal(entries[:clientIDLen], entry[44:]) {
			cookie = make([]byte, cookieLen)
			stream(entry).XORKeyStream(cookie, entries[clientIDLen:entryLen])
			return c.rest(), cookie, nil
		}
	}
	return nil, nil, ErrNotClient
}

// pskEntry and dhEntry return a client's key, nonce and ID.
func pskEntry(key [32]byte, input, salt []byte) []byte {
	return derive("ELS2PSKA", append(key[:], input...), salt, 44+clientIDLen)
}

func dhEntry(private *ecdh.PrivateKey, peer, client [32]byte, input, salt []byte) ([]byte, error) {
	public, err := ecdh.X25519().NewPublicKey(peer[:])
	if err != nil {
		return nil, err
	}
	secret, err := private.ECDH(public)
	if err != nil {
		return nil, fmt.Errorf("client key: %w", err)
	}
	return derive("ELS2_XCA", append(append(secret, client[:]...), input...), salt, 44+clientIDLen), nil
}

func appendClient(b, entry, cookie []byte) []byte {
	b = append(b, entry[44:]...)
	at := len(b)
	b = append(b, cookie...)
	stream(entry).XORKeyStream(b[at:], cookie)
	return b
}
