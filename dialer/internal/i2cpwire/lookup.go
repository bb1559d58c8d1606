package i2cpwire

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"
)

// NoSession stands for the session in a HostLookup that needs none.
const NoSession = 0xffff

// HostLookup asks for the destination of a hash or, where Name is not empty, of a host name. The reply is
// told apart by Request alone.
type HostLookup struct {
	Session uint16
	Request uint32
	Timeout time.Duration // of the router; i2pd ignores it
	Name    string
	Hash    [32]byte
}

// Type returns [TypeHostLookup].
func (HostLookup) Type() Type { return TypeHostLookup }

const (
	lookupHash = 0
	lookupName = 1
)

func (m HostLookup) appendBody(b []byte) ([]byte, error) {
	b = binary.BigEndian.AppendUint16(b, m.Session)
	b = binary.BigEndian.AppendUint32(b, m.Request)
	b = binary.BigEndian.AppendUint32(b, uint32(min(max(m.Timeout.Milliseconds(), 0), math.MaxInt32)))
	if m.Name == "" {
		return append(append(b, lookupHash), m.Hash[:]...), nil
	}
	return appendString(append(b, lookupName), m.Name)
}

func parseHostLookup(c *cursor) HostLookup {
	m := HostLookup{Session: c.u16(), Request: c.u32(), Timeout: time.Duration(c.u32()) * time.Millisecond}
	switch c.u8() {
	case lookupHash:
		m.Hash = c.hash()
	case lookupName:
		if m.Name = c.str(); m.Name == "" {
			c.bad = true
		}
	default: // types 2 to 4, which ask for options too, are not sent here
		c.bad = true
	}
	return m
}

// HostCode is the result of a HostLookup.
type HostCode uint8

// The codes: I2CP specification, "HostReplyMessage".
const (
	HostFound                  HostCode = 0
	HostFailed                 HostCode = 1
	HostSecretRequired         HostCode = 2
	HostKeyRequired            HostCode = 3
	HostSecretAndKeyRequired   HostCode = 4
	HostLeaseSetDecryptionFail HostCode = 5
)

// String returns the meaning in a few words, or the number.
func (c HostCode) String() string {
	names := [...]string{"found", "not found", "needs a secret", "needs a client's key", "needs a secret and a client's key", "cannot be decrypted"}
	if int(c) < len(names) {
		return names[c]
	}
	return "code " + strconv.Itoa(int(c))
}

// HostReply is the answer to a HostLookup. i2pd puts its own session's ID into Session, whatever was asked with.
type HostReply struct {
	Session     uint16
	Request     uint32
	Code        HostCode
	Destination []byte // not checked; empty but for HostFound
}

// Type returns [TypeHostReply].
func (HostReply) Type() Type { return TypeHostReply }

func (m HostReply) appendBody(b []byte) ([]byte, error) {
	b = binary.BigEndian.AppendUint16(b, m.Session)
	b = binary.BigEndian.AppendUint32(b, m.Request)
	return append(append(b, byte(m.Code)), m.Destination...), nil
}

// DestLookup asks for the destination of a hash, without a session.
type DestLookup struct{ Hash [32]byte }

// Type returns [TypeDestLookup].
func (DestLookup) Type() Type { return TypeDestLookup }

func (m DestLookup) appendBody(b []byte) ([]byte, error) { return append(b, m.Hash[:]...), nil }

// DestReply is the answer: a destination, or the hash again where there is none.
type DestReply struct{ Destination []byte }

// Type returns [TypeDestReply].
func (DestReply) Type() Type { return TypeDestReply }

func (m DestReply) appendBody(b []byte) ([]byte, error) { return append(b, m.Destination...), nil }
