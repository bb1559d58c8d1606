package i2cpwire

import "encoding/binary"

// GetBandwidthLimits asks for the router's limits. It may be sent without a session.
type GetBandwidthLimits struct{}

// Type returns [TypeGetBandwidthLimits].
func (GetBandwidthLimits) Type() Type { return TypeGetBandwidthLimits }

func (GetBandwidthLimits) appendBody(b []byte) ([]byte, error) { return b, nil }

// BandwidthLimits is the answer, in KB per second. There are more numbers in the message, which no router fills in.
type BandwidthLimits struct {
	Inbound, Outbound uint32
}

const bandwidthNumbers = 16

// Type returns [TypeBandwidthLimits].
func (BandwidthLimits) Type() Type { return TypeBandwidthLimits }

func (m BandwidthLimits) appendBody(b []byte) ([]byte, error) {
	b = binary.BigEndian.AppendUint32(b, m.Inbound)
	b = binary.BigEndian.AppendUint32(b, m.Outbound)
	return append(b, make([]byte, 4*(bandwidthNumbers-2))...), nil
}

func parseBandwidthLimits(c *cursor) BandwidthLimits {
	m := BandwidthLimits{c.u32(), c.u32()}
	c.bytes(4 * (bandwidthNumbers - 2))
	return m
}
