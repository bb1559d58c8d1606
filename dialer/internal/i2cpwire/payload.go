package i2cpwire

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"math"
	"sync"
)

// Protocol numbers of payloads: I2CP overview, "I2CP Protocol Number".
const (
	Streaming = 6
	Datagram1 = 17
	Raw       = 18
	Datagram2 = 19
	Datagram3 = 20
)

// Header is what the gzip header of a payload holds in the place of a time and an operating system.
type Header struct {
	Protocol uint8
	From, To uint16 // ports
}

// A payload is one gzip member (RFC 1952) whose header is read by position:
//
//	1f 8b 08 | flags 00 | from 2 | to 2 | 02 | protocol | deflate | CRC-32 4 | length 4
const (
	payloadHeader  = 10
	payloadTrailer = 8
	storedHeader   = 5 // of a block that is not compressed: RFC 1951, section 3.2.4
	// PayloadOverhead is how much longer a payload is than its data.
	PayloadOverhead = payloadHeader + storedHeader + payloadTrailer
	// MaxData is how much data fits a payload.
	MaxData = MaxPayload - PayloadOverhead
	// maxInflated bounds what a payload can become. Java I2P sends no more than 64 KB.
	maxInflated = 1 << 16
)

// ErrPayload: a payload that is no such gzip member, or whose checksum is wrong.
var ErrPayload = errors.New("malformed payload")

// AppendPayload appends a payload that holds data as it is, since most of what I2P carries is encrypted. It fails with
// ErrTooLong for more than MaxData bytes.
func AppendPayload(b []byte, h Header, data []byte) ([]byte, error) {
	if len(data) > MaxData {
		return b, fmt.Errorf("payload: %w: %d bytes", ErrTooLong, len(data))
	}
	b = append(b, 0x1f, 0x8b, 8, 0, byte(h.From>>8), byte(h.From), byte(h.To>>8), byte(h.To), 2, h.Protocol)
	n := uint16(len(data))
	b = append(b, 1, byte(n), byte(n>>8), byte(^n), byte(^n>>8))
	b = append(b, data...)
	b = binary.LittleEndian.AppendUint32(b, crc32.ChecksumIEEE(data))
	return binary.LittleEndian.AppendUint32(b, uint32(n)), nil
}

// ParsePayload reads a payload. data is part of b if it was not compressed.
func ParsePayload(b []byte) (h Header, data []byte, err error) {
	if len(b) < PayloadOverhead-storedHeader || !bytes.Equal(b[:4], []byte{0x1f, 0x8b, 8, 0}) {
		return h, nil, ErrPayload
	}
	h = Header{b[9], binary.BigEndian.Uint16(b[4:]), binary.BigEndian.Uint16(b[6:])}
	deflated, trailer := b[payloadHeader:len(b)-payloadTrailer], b[len(b)-payloadTrailer:]
	if data = stored(deflated); data == nil {
		if data, err = inflate(deflated); err != nil {
			return h, nil, fmt.Errorf("%w: %w", ErrPayload, err)
		}
	}
	if binary.LittleEndian.Uint32(trailer) != crc32.ChecksumIEEE(data) || binary.LittleEndian.Uint32(trailer[4:]) != uint32(len(data)) {
		return h, nil, fmt.Errorf("%w: checksum", ErrPayload)
	}
	return h, data, nil
}

// stored returns the data of a single stored block, nil if b is something else.
func stored(b []byte) []byte {
	if len(b) < storedHeader || b[0] != 1 {
		return nil
	}
	n := binary.LittleEndian.Uint16(b[1:])
	if binary.LittleEndian.Uint16(b[3:]) != ^n || int(n) != len(b)-storedHeader {
		return nil
	}
	return b[storedHeader:len(b):len(b)]
}

var inflaters = sync.Pool{New: func() any { return flate.NewReader(bytes.NewReader(nil)) }}

func inflate(b []byte) ([]byte, error) {
	r := bytes.NewReader(b)
	z := inflaters.Get().(io.ReadCloser)
	defer inflaters.Put(z)
	if err := z.(flate.Resetter).Reset(r, nil); err != nil {
		return nil, err
	}
	var out bytes.Buffer
	out.Grow(min(4*len(b), maxInflated))
	n, err := io.Copy(&out, io.LimitReader(z, maxInflated+1))
	switch {
	case err != nil:
		return nil, err
	case n > maxInflated:
		return nil, ErrTooLong
	case r.Len() > 0:
		return nil, errors.New("bytes behind the end")
	}
	return out.Bytes(), nil
}

var _ = [1]struct{}{}[max(0, MaxData-math.MaxUint16)] // a stored block holds no more
