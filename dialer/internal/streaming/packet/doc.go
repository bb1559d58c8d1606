// Package packet encodes and decodes the packets of I2P's streaming protocol:
// bytes in, values out, and back. It opens no socket, starts no goroutine, knows
// no clock and holds no key.
//
// All fields are big endian (I2P streaming specification, "Packet Format"):
//
//	sendStreamId 4 | receiveStreamId 4 | sequence 4 | ackThrough 4 |
//	NACK count 1 | NACKs 4 each | resendDelay 1 | flags 2 | option size 2 |
//	options | payload
//
// Options have neither a type nor a length of their own. The flags say which
// there are, and they stand in this order: delay 2, FROM (a destination),
// maximum packet size 2, offline signature, signature.
//
// # What it refuses to do
//
// [Parse] copies nothing and allocates nothing: a packet refers to the bytes that
// it was read from. It accepts unknown flags, which have no options, but no
// option bytes that no flag explains, as a signature must be the last of them.
// [Packet.Append] never writes what Parse would refuse.
//
// A packet that was read proves nothing: see [Packet.Verify].
package packet
