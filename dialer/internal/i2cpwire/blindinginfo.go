package i2cpwire

import (
	"encoding/binary"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// BlindingInfo tells a router what opens the encrypted lease set of a service. Only Java I2P takes it; i2pd ignores it.
type BlindingInfo struct {
	Session   uint16
	Signature keys.SignatureType // of the service
	Key       [32]byte           // its public signing key
	Expires   time.Time
	Client    ClientKey // the key of a client; none if all are let in
}

// Type returns [TypeBlindingInfo].
func (BlindingInfo) Type() Type { return TypeBlindingInfo }

// endpointKey is the form of an endpoint that is a type and a public key.
const endpointKey = 3

func (m BlindingInfo) appendBody(b []byte) ([]byte, error) {
	b = binary.BigEndian.AppendUint16(b, m.Session)
	flags, key := byte(authNone), m.Client.DH
	switch {
	case m.Client.PSK != [32]byte{}:
		flags, key = authPSK, m.Client.PSK
	case m.Client.DH != [32]byte{}:
		flags = authDH
	}
	b = append(b, flags, endpointKey)
	b = binary.BigEndian.AppendUint16(b, uint16(keys.RedDSA))
	b = appendSeconds(b, m.Expires)
	b = binary.BigEndian.AppendUint16(b, uint16(m.Signature))
	b = append(b, m.Key[:]...)
	if flags != authNone {
		b = append(b, key[:]...)
	}
	return b, nil
}

func parseBlindingInfo(c *cursor) BlindingInfo {
	m := BlindingInfo{Session: c.u16()}
	flags := c.u8()
	kind, blindedType := c.u8(), c.u16()
	m.Expires = c.seconds()
	m.Signature, m.Key = keys.SignatureType(c.u16()), c.hash()
	switch flags {
	case authNone:
	case authDH:
		m.Client.DH = c.hash()
	case authPSK:
		m.Client.PSK = c.hash()
	default: // a secret is not sent here
		c.bad = true
	}
	missing := flags != authNone && m.Client == ClientKey{} // zeros are no key
	c.bad = c.bad || missing || kind != endpointKey || blindedType != uint16(keys.RedDSA)
	return m
}
