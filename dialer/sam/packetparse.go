package sam

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
	"github.com/go-i2p/i2psocks/keys"
)

// packet is a datagram that came.
type packet struct {
	from    dialer.Addr // of raw ones the port at most
	payload []byte
}

// maxReceived is more than any router delivers, in bytes.
const maxReceived = 64 << 10

var errPacket = fmt.Errorf("%w: malformed datagram", dialer.ErrRouter)

// parseForwarded reads what a router sends over UDP: "DESTINATION [KEY=VALUE...]\n" and the
// payload. Of raw packets there is only the payload, or with header "[KEY=VALUE...]\n" before it.
// The payload is not copied.
func parseForwarded(b []byte, raw, header bool) (packet, error) {
	if raw && !header {
		return packet{payload: b}, nil
	}
	line, payload, found := bytes.Cut(b, []byte("\n"))
	if !found || len(line) > wire.MaxReply {
		return packet{}, errPacket
	}
	p := packet{payload: payload}
	options := string(line)
	if !raw {
		var dest string
		dest, options, _ = strings.Cut(options, " ")
		d, err := keys.ParseDestination(dest)
		if err != nil {
			return packet{}, errPacket
		}
		p.from = dialer.AddrOf(d, 0)
	}
	m, err := wire.Parse("DATAGRAM RECEIVED " + options)
	if err != nil {
		return packet{}, errPacket
	}
	p.from.Port = portOf(m.Get("FROM_PORT"))
	return p, nil
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
func parseReceived(m wire.Message, payload []byte) (packet, error) {
	p := packet{payload: payload}
	if m.Verb == "DATAGRAM" {
		d, err := keys.ParseDestination(m.Get("DESTINATION"))
		if err != nil {
			return packet{}, errPacket
		}
		p.from = dialer.AddrOf(d, 0)
	}
	p.from.Port = portOf(m.Get("FROM_PORT"))
	return p, nil
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

// sendCommand returns the command that stands before a payload on the control connection.
func sendCommand(raw bool, to keys.Destination, size int, fromPort, toPort uint16) wire.Message {
	verb := "DATAGRAM"
	if raw {
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
