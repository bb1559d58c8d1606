package i2cpwire

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// MaxPayload is the longest payload that may be given to a router, gzip frame included. i2pd drops what is over
// 62,600 bytes in silence, and writes past the end of a buffer at 63,000.
const MaxPayload = 61440

// SendMessage sends a payload to a destination. With a Nonce other than 0 the router answers with MessageStatus.
type SendMessage struct {
	Session uint16
	To      keys.Destination
	Payload []byte // a frame of AppendPayload
	Nonce   uint32
}

// Type returns [TypeSendMessage].
func (SendMessage) Type() Type { return TypeSendMessage }

func (m SendMessage) appendBody(b []byte) ([]byte, error) {
	if len(m.Payload) > MaxPayload {
		return nil, ErrTooLong
	}
	b = binary.BigEndian.AppendUint16(b, m.Session)
	b, _ = m.To.AppendBinary(b) // never fails
	b = binary.BigEndian.AppendUint32(b, uint32(len(m.Payload)))
	b = append(b, m.Payload...)
	return binary.BigEndian.AppendUint32(b, m.Nonce), nil
}

func parseSend(c *cursor) SendMessage {
	return SendMessage{c.u16(), c.destination(), c.bytes(int(c.u32())), c.u32()}
}

// Flags of SendMessageExpires: I2CP specification, "SendMessageExpiresMessage".
const FlagNoLeaseSet = 1 << 8 // do not send our lease set along

// SendMessageExpires is SendMessage with flags and an end. i2pd ignores both.
type SendMessageExpires struct {
	SendMessage
	Flags   uint16
	Expires time.Time
}

// Type returns [TypeSendMessageExpires].
func (SendMessageExpires) Type() Type { return TypeSendMessageExpires }

// maxExpires is the last Expires, of 6 bytes.
const maxExpires = 1<<48 - 1

func (m SendMessageExpires) appendBody(b []byte) ([]byte, error) {
	b, err := m.SendMessage.appendBody(b)
	if err != nil {
		return nil, err
	}
	ms := uint64(min(max(m.Expires.UnixMilli(), 0), maxExpires))
	return binary.BigEndian.AppendUint64(b, uint64(m.Flags)<<48|ms), nil
}

func parseSendExpires(c *cursor) SendMessageExpires {
	m := SendMessageExpires{SendMessage: parseSend(c), Flags: c.u16()}
	ms := uint64(c.u16())<<32 | uint64(c.u32())
	m.Expires = time.UnixMilli(int64(ms))
	return m
}

// MessagePayload is what somebody sent to the session. Who, only the payload itself can tell.
type MessagePayload struct {
	Session uint16
	Message uint32
	Payload []byte
}

// ParseMessagePayload is [Parse] of what comes most, and allocates nothing. Payload is part of body.
func ParseMessagePayload(body []byte) (MessagePayload, error) {
	c := cursor{b: body}
	m := parseMessagePayload(&c)
	if !c.end() {
		return m, fmt.Errorf("%v: %w", TypeMessagePayload, ErrMalformed)
	}
	return m, nil
}

func parseMessagePayload(c *cursor) MessagePayload {
	return MessagePayload{c.u16(), c.u32(), c.bytes(int(c.u32()))}
}

// Type returns [TypeMessagePayload].
func (MessagePayload) Type() Type { return TypeMessagePayload }

func (m MessagePayload) appendBody(b []byte) ([]byte, error) {
	if len(m.Payload) > math.MaxUint16 {
		return nil, ErrTooLong
	}
	b = binary.BigEndian.AppendUint16(b, m.Session)
	b = binary.BigEndian.AppendUint32(b, m.Message)
	b = binary.BigEndian.AppendUint32(b, uint32(len(m.Payload)))
	return append(b, m.Payload...), nil
}
