package i2cpwire

import "encoding/binary"

// CreateLeaseSet2 is the answer to RequestVariableLeaseSet: a signed lease set, and the private keys of those in it
// for the router to decrypt with.
type CreateLeaseSet2 struct {
	Session  uint16
	Kind     LeaseSetType
	LeaseSet []byte // without the byte of its type
	Keys     []EncryptionKey
}

// Type returns [TypeCreateLeaseSet2].
func (CreateLeaseSet2) Type() Type { return TypeCreateLeaseSet2 }

func (m CreateLeaseSet2) appendBody(b []byte) ([]byte, error) {
	if len(m.Keys) > maxEncryptionKeys {
		return nil, ErrTooLong
	}
	b = append(binary.BigEndian.AppendUint16(b, m.Session), byte(m.Kind))
	return appendKeys(append(b, m.LeaseSet...), m.Keys), nil
}

// parseCreateLeaseSet2 finds the end of the lease set only; whether it is right is for ParseLeaseSet.
func parseCreateLeaseSet2(c *cursor) CreateLeaseSet2 {
	m := CreateLeaseSet2{Session: c.u16(), Kind: LeaseSetType(c.u8())}
	all := c.b
	switch m.Kind {
	case LeaseSet2Type:
		c.leaseSet()
	case EncryptedLeaseSetType:
		c.encryptedLeaseSet()
	default:
		c.bad = true
	}
	if c.bad {
		return m
	}
	m.LeaseSet = all[:len(all)-len(c.b)]
	m.Keys = c.encryptionKeys()
	return m
}
