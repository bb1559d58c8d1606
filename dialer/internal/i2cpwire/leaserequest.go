package i2cpwire

import (
	"encoding/binary"
	"time"
)

// MaxLeases is how many leases a lease set can have.
const MaxLeases = 16

// Lease is one inbound tunnel.
type Lease struct {
	Gateway [32]byte
	Tunnel  uint32
	End     time.Time
}

// RequestVariableLeaseSet asks for a lease set of those leases. It must be answered with a CreateLeaseSet2
// within 10 s, whatever else there is to do, or i2pd closes the connection.
type RequestVariableLeaseSet struct {
	Session uint16
	Leases  []Lease
}

// Type returns [TypeRequestVariableLeaseSet].
func (RequestVariableLeaseSet) Type() Type { return TypeRequestVariableLeaseSet }

func (m RequestVariableLeaseSet) appendBody(b []byte) ([]byte, error) {
	if len(m.Leases) > MaxLeases {
		return nil, ErrTooLong
	}
	b = append(binary.BigEndian.AppendUint16(b, m.Session), byte(len(m.Leases)))
	for _, l := range m.Leases {
		b = append(b, l.Gateway[:]...)
		b = binary.BigEndian.AppendUint32(b, l.Tunnel)
		b = appendDate(b, l.End)
	}
	return b, nil
}

func parseRequestVariableLeaseSet(c *cursor) RequestVariableLeaseSet {
	m := RequestVariableLeaseSet{Session: c.u16()}
	n := int(c.u8())
	c.bad = c.bad || n > MaxLeases
	for i := 0; i < n && !c.bad; i++ {
		m.Leases = append(m.Leases, Lease{c.hash(), c.u32(), c.date()})
	}
	return m
}
