package i2cpwire

import (
	"encoding/binary"
	"math"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// cursor reads a body from its start. Once something was not there, all further reads are zero and end is false.
type cursor struct {
	b   []byte
	bad bool
}

// bytes takes n bytes; they are part of the input.
func (c *cursor) bytes(n int) []byte {
	if c.bad || n < 0 || n > len(c.b) {
		c.bad = true
		return nil
	}
	taken := c.b[:n:n]
	c.b = c.b[n:]
	return taken
}

func (c *cursor) u8() uint8 {
	if b := c.bytes(1); b != nil {
		return b[0]
	}
	return 0
}

func (c *cursor) u16() uint16 {
	if b := c.bytes(2); b != nil {
		return binary.BigEndian.Uint16(b)
	}
	return 0
}

func (c *cursor) u32() uint32 {
	if b := c.bytes(4); b != nil {
		return binary.BigEndian.Uint32(b)
	}
	return 0
}

// date takes a Date, 8 bytes of milliseconds: common structures, "Date".
func (c *cursor) date() time.Time {
	b := c.bytes(8)
	if b == nil {
		return time.Time{}
	}
	ms := binary.BigEndian.Uint64(b)
	if ms > math.MaxInt64 {
		c.bad = true
		return time.Time{}
	}
	return time.UnixMilli(int64(ms))
}

func (c *cursor) seconds() time.Time { return time.Unix(int64(c.u32()), 0) }

// str takes a String: a length of one byte, and so many bytes.
func (c *cursor) str() string { return string(c.bytes(int(c.u8()))) }

func (c *cursor) hash() (h [32]byte) {
	copy(h[:], c.bytes(len(h)))
	return h
}

func (c *cursor) destination() keys.Destination {
	if c.bad {
		return keys.Destination{}
	}
	d, rest, err := keys.CutDestination(c.b)
	if err != nil {
		c.bad = true
		return keys.Destination{}
	}
	c.b = rest
	return d
}

func (c *cursor) rest() []byte { return c.bytes(len(c.b)) }

func (c *cursor) more() bool { return !c.bad && len(c.b) > 0 }

// end reports whether all was there, and nothing behind it.
func (c *cursor) end() bool { return !c.bad && len(c.b) == 0 }

func appendString(b []byte, s string) ([]byte, error) {
	if len(s) > math.MaxUint8 {
		return nil, ErrTooLong
	}
	return append(append(b, byte(len(s))), s...), nil
}

func appendDate(b []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint64(b, uint64(max(t.UnixMilli(), 0)))
}

// appendSeconds appends a time that the protocol counts in seconds.
func appendSeconds(b []byte, t time.Time) []byte {
	return binary.BigEndian.AppendUint32(b, uint32(min(max(t.Unix(), 0), math.MaxUint32)))
}
