package sam

import (
	"bytes"
	"encoding/base32"
	"encoding/base64"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
	"github.com/go-i2p/i2psocks/keys"
)

// STYLEs of sessions for datagrams.
const (
	repliable  = "DATAGRAM"
	raw        = "RAW"
	repliable2 = "DATAGRAM2"
	hashed     = "DATAGRAM3" // its sender is a hash that nobody has signed
)

// packet is a datagram that came.
type packet struct {
	from    dialer.Addr // of raw ones the port at most
	port    uint16      // to which it was sent; 0 where nothing tells
	payload []byte
}

// maxReceived is more than any router delivers, in bytes.
const maxReceived = 64 << 10

var errPacket = fmt.Errorf("%w: malformed datagram", dialer.ErrRouter)

// parseForwarded reads what a router sends over UDP: "DESTINATION [KEY=VALUE...]\n" and the
// payload. Of raw packets there is only the payload, or with header "[KEY=VALUE...]\n" before it.
// The payload is not copied.
func parseForwarded(b []byte, style string, header bool) (packet, error) {
	if style == raw && !header {
		return packet{payload: b}, nil
	}
	line, payload, found := bytes.Cut(b, []byte("\n"))
	if !found || len(line) > wire.MaxReply {
		return packet{}, errPacket
	}
	sender, options := "", string(line)
	if style != raw {
		sender, options, _ = strings.Cut(options, " ")
	}
	m, err := wire.Parse("DATAGRAM RECEIVED " + options)
	if err != nil {
		return packet{}, errPacket
	}
	return newPacket(m, style, sender, payload)
}

// receivedSize returns how many bytes follow a RECEIVED line. One that does not tell makes all
// that follows senseless.
func receivedSize(m wire.Message) (int, error) {
	size, err := strconv.ParseUint(m.Get("SIZE"), 10, 32)
	if err != nil || size > maxReceived {
		return 0, errPacket
	}
	return int(size), nil
}

// parseReceived reads the line that stands before a payload on the control connection.
func parseReceived(m wire.Message, style string, payload []byte) (packet, error) {
	if (m.Verb == "RAW") != (style == raw) {
		return packet{}, errPacket
	}
	return newPacket(m, style, m.Get("DESTINATION"), payload)
}

// newPacket makes a packet of its parts.
func newPacket(m wire.Message, style, sender string, payload []byte) (p packet, err error) {
	if style != raw {
		if p.from, err = parseSender(sender, style); err != nil {
			return packet{}, err
		}
	}
	p.from.Port, p.port, p.payload = portOf(m.Get("FROM_PORT")), portOf(m.Get("TO_PORT")), payload
	return p, nil
}

var (
	hashBase64 = base64.NewEncoding("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-~").Strict()
	hashBase32 = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
)

// parseSender reads a destination, or of DATAGRAM3 its hash, which is all that a base32 name holds.
func parseSender(s, style string) (dialer.Addr, error) {
	if hash, err := hashBase64.DecodeString(s); err == nil && len(hash) == 32 && len(s) == 44 && style == hashed {
		return dialer.Addr{Host: hashBase32.EncodeToString(hash) + ".b32.i2p"}, nil
	}
	d, err := keys.ParseDestination(s)
	if err != nil {
		return dialer.Addr{}, errPacket
	}
	return dialer.AddrOf(d, 0), nil
}

// appendUDPHeader appends the line that stands before a payload over UDP. i2pd before 2.58 bears
// no ports, which are left out where they are 0.
func appendUDPHeader(dst []byte, id string, to keys.Destination, fromPort, toPort uint16) []byte {
	dst = append(dst, "3.0 "+id+" "+to.Base64()...)
	if fromPort != 0 {
		dst = strconv.AppendUint(append(dst, " FROM_PORT="...), uint64(fromPort), 10)
	}
	if toPort != 0 {
		dst = strconv.AppendUint(append(dst, " TO_PORT="...), uint64(toPort), 10)
	}
	return append(dst, '\n')
}

// sendCommand returns the command that stands before a payload on the control connection: DATAGRAM SEND for all
// styles with a sender, as i2pd takes no other.
func sendCommand(style string, to keys.Destination, size int, fromPort, toPort uint16) wire.Message {
	verb := "DATAGRAM"
	if style == raw {
		verb = "RAW"
	}
	m := command(verb, "SEND", "DESTINATION", to.Base64(), "SIZE", strconv.Itoa(size))
	for _, port := range []struct {
		key   string
		value uint16
	}{{"FROM_PORT", fromPort}, {"TO_PORT", toPort}} {
		if port.value != 0 {
			m.Params = append(m.Params, wire.Param{Key: port.key, Value: strconv.Itoa(int(port.value))})
		}
	}
	return m
}
