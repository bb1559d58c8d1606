package i2cpwire

import (
	"encoding/binary"
	"maps"
	"math"
	"slices"
)

// Mapping is a set of options: common structures, "Mapping".
type Mapping map[string]string

// appendMapping appends the options in ascending byte order of their keys, as the signature is over that order.
func appendMapping(b []byte, m Mapping) ([]byte, error) {
	start := len(b)
	b = append(b, 0, 0)
	var err error
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if b, err = appendString(b, key); err != nil {
			return nil, err
		}
		if b, err = appendString(append(b, '='), m[key]); err != nil {
			return nil, err
		}
		b = append(b, ';')
	}
	n := len(b) - start - 2
	if n > math.MaxUint16 {
		return nil, ErrTooLong
	}
	binary.BigEndian.PutUint16(b[start:], uint16(n))
	return b, nil
}

// mapping takes a Mapping whose keys ascend; sorted reports whether they do, without a key twice.
func (c *cursor) mapping() (m Mapping, sorted bool) {
	in := &cursor{b: c.bytes(int(c.u16()))}
	sorted = true
	last := ""
	for in.more() {
		key := in.str()
		equals := in.u8()
		value := in.str()
		if in.u8() != ';' || equals != '=' || in.bad {
			c.bad = true
			return nil, false
		}
		if m == nil {
			m = make(Mapping)
		} else if key <= last {
			sorted = false
		}
		m[key], last = value, key
	}
	c.bad = c.bad || in.bad
	return m, sorted
}
