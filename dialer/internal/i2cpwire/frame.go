package i2cpwire

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strconv"
)

// Protocol is the first byte that a client sends on a connection, once. Routers send none.
const Protocol = 0x2a

// Sizes in bytes.
const (
	HeaderLen = 5
	// MaxSent is the longest body that a client may send: i2pd closes the connection beyond it.
	MaxSent = 65535
	// MaxReceived is the longest body that a router may send.
	MaxReceived = 131072
)

var (
	// ErrMalformed: a message that is not laid out as its type says.
	ErrMalformed = errors.New("malformed I2CP message")
	// ErrTooLong: a message, or a part of one, that would be longer than routers take.
	ErrTooLong = errors.New("I2CP message too long")
)

// Type is the kind of a message.
type Type uint8

// The types that are spoken here: I2CP specification, "Message Types".
const (
	TypeCreateSession           Type = 1
	TypeReconfigureSession      Type = 2
	TypeDestroySession          Type = 3
	TypeSendMessage             Type = 5
	TypeGetBandwidthLimits      Type = 8
	TypeSessionStatus           Type = 20
	TypeMessageStatus           Type = 22
	TypeBandwidthLimits         Type = 23
	TypeDisconnect              Type = 30
	TypeMessagePayload          Type = 31
	TypeGetDate                 Type = 32
	TypeSetDate                 Type = 33
	TypeDestLookup              Type = 34
	TypeDestReply               Type = 35
	TypeSendMessageExpires      Type = 36
	TypeRequestVariableLeaseSet Type = 37
	TypeHostLookup              Type = 38
	TypeHostReply               Type = 39
	TypeCreateLeaseSet2         Type = 41
	TypeBlindingInfo            Type = 42
)

var typeNames = map[Type]string{
	TypeCreateSession: "CreateSession", TypeReconfigureSession: "ReconfigureSession",
	TypeDestroySession: "DestroySession", TypeSendMessage: "SendMessage",
	TypeGetBandwidthLimits: "GetBandwidthLimits", TypeSessionStatus: "SessionStatus",
	TypeMessageStatus: "MessageStatus", TypeBandwidthLimits: "BandwidthLimits",
	TypeDisconnect: "Disconnect", TypeMessagePayload: "MessagePayload",
	TypeGetDate: "GetDate", TypeSetDate: "SetDate", TypeDestLookup: "DestLookup", TypeDestReply: "DestReply",
	TypeSendMessageExpires: "SendMessageExpires", TypeRequestVariableLeaseSet: "RequestVariableLeaseSet",
	TypeHostLookup: "HostLookup", TypeHostReply: "HostReply",
	TypeCreateLeaseSet2: "CreateLeaseSet2", TypeBlindingInfo: "BlindingInfo",
}

// String returns the name of the type, or its number.
func (t Type) String() string {
	if name, ok := typeNames[t]; ok {
		return name
	}
	return strconv.Itoa(int(t))
}

// Message is one message. The types of this package are all that there are.
type Message interface {
	Type() Type
	appendBody(b []byte) ([]byte, error)
}

// Append appends a message with its header. On an error b is returned as it was.
func Append(b []byte, m Message) ([]byte, error) {
	start := len(b)
	out, err := m.appendBody(append(b, 0, 0, 0, 0, byte(m.Type())))
	if err != nil {
		return b, fmt.Errorf("%v: %w", m.Type(), err)
	}
	n := len(out) - start - HeaderLen
	if n > MaxReceived {
		return b, fmt.Errorf("%v: %w: %d bytes", m.Type(), ErrTooLong, n)
	}
	binary.BigEndian.PutUint32(out[start:], uint32(n))
	return out, nil
}

// ParseHeader reads the header of a message whose body may have up to limit bytes.
func ParseHeader(h [HeaderLen]byte, limit int) (Type, int, error) {
	n := binary.BigEndian.Uint32(h[:])
	if uint64(n) > uint64(limit) {
		return 0, 0, fmt.Errorf("%v: %w: %d bytes", Type(h[4]), ErrTooLong, n)
	}
	return Type(h[4]), int(n), nil
}

// Parse reads the body of a message. A type that is not known here is returned as an [Unknown].
func Parse(t Type, body []byte) (Message, error) {
	c := &cursor{b: body}
	m := parse(t, c)
	if !c.end() {
		return nil, fmt.Errorf("%v: %w", t, ErrMalformed)
	}
	return m, nil
}

func parse(t Type, c *cursor) Message {
	switch t {
	case TypeCreateSession:
		return parseCreateSession(c)
	case TypeReconfigureSession:
		return parseReconfigureSession(c)
	case TypeDestroySession:
		return DestroySession{c.u16()}
	case TypeSendMessage:
		return parseSend(c)
	case TypeSendMessageExpires:
		return parseSendExpires(c)
	case TypeGetBandwidthLimits:
		return GetBandwidthLimits{}
	case TypeSessionStatus:
		return SessionStatus{c.u16(), SessionState(c.u8())}
	case TypeMessageStatus:
		return MessageStatus{c.u16(), c.u32(), DeliveryStatus(c.u8()), c.u32(), c.u32()}
	case TypeBandwidthLimits:
		return parseBandwidthLimits(c)
	case TypeDisconnect:
		return Disconnect{c.str()}
	case TypeMessagePayload:
		return parseMessagePayload(c)
	case TypeGetDate:
		return parseGetDate(c)
	case TypeSetDate:
		return parseSetDate(c)
	case TypeDestLookup:
		return DestLookup{c.hash()}
	case TypeDestReply:
		return DestReply{c.rest()}
	case TypeRequestVariableLeaseSet:
		return parseRequestVariableLeaseSet(c)
	case TypeHostLookup:
		return parseHostLookup(c)
	case TypeHostReply:
		return HostReply{c.u16(), c.u32(), HostCode(c.u8()), c.rest()}
	case TypeCreateLeaseSet2:
		return parseCreateLeaseSet2(c)
	case TypeBlindingInfo:
		return parseBlindingInfo(c)
	}
	return Unknown{t, c.rest()}
}

// Unknown is a message of a type that is not known here. Clients ignore it.
type Unknown struct {
	Kind Type
	Body []byte
}

// Type returns Kind.
func (m Unknown) Type() Type { return m.Kind }

func (m Unknown) appendBody(b []byte) ([]byte, error) { return append(b, m.Body...), nil }
