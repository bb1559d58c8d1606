package samtest

import (
	"bytes"
	"errors"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// UDPAddr returns the address of the bridge for datagrams, "127.0.0.1:port", from which it also forwards them. Unlike
// on routers, the port is unrelated to that of Addr. The socket is opened by the first call, or by a session with
// forwarded datagrams; clients that use the control connection need none. It panics if the socket cannot be opened.
func (b *Bridge) UDPAddr() string {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	if b.udpAddr != "" {
		return b.udpAddr
	}
	if err := b.listenUDP("127.0.0.1:0"); err != nil {
		panic("samtest: " + err.Error())
	}
	if b.down {
		b.udp.Close()
		b.udp = nil
	}
	return b.udpAddr
}

// listenUDP opens the socket and serves it. The caller holds the lock.
func (b *Bridge) listenUDP(address string) error {
	pc, err := net.ListenPacket("udp4", address)
	if err != nil {
		return err
	}
	b.udp, b.udpAddr = pc.(*net.UDPConn), pc.LocalAddr().String()
	b.nw.wg.Go(func() {
		buf := make([]byte, 64<<10)
		for {
			n, _, err := pc.ReadFrom(buf)
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				time.Sleep(time.Millisecond) // Windows tells of clients that are gone
				continue
			}
			b.awaitThaw()
			b.takeUDP(bytes.Clone(buf[:n]))
		}
	})
	return nil
}

// sendUDP sends a packet to a client.
func (b *Bridge) sendUDP(packet []byte, to netip.AddrPort) {
	b.awaitThaw()
	b.nw.mu.Lock()
	udp := b.udp
	b.nw.mu.Unlock()
	if udp != nil {
		udp.WriteToUDPAddrPort(packet, to)
	}
}

// takeUDP sends on what a client sent: a header line, then the payload. What is wrong vanishes
// without a word.
func (b *Bridge) takeUDP(packet []byte) {
	if b.f.i2pd && len(packet) > maxUDP {
		b.nw.violate("a packet of %d bytes, of which i2pd takes %d", len(packet), maxUDP)
		packet = packet[:maxUDP]
	}
	line, payload, found := bytes.Cut(packet, []byte("\n"))
	id, to, options, ok := b.f.gramHeader(string(line))
	if !found || !ok {
		b.nw.violate("a malformed header of a datagram: %s", redact(string(line)))
		return
	}
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	s := b.sessions[id]
	if s == nil || s.mail == nil {
		return
	}
	limit := maxRepliable
	if s.mail.style == "RAW" {
		limit = maxRaw
	}
	if !b.f.i2pd && (len(payload) == 0 || len(payload) > limit) {
		return
	}
	if dest := b.addressee(to); !dest.IsZero() {
		s.send(dest, s.outgoing(payload, options))
	}
}

// addressee returns the destination that a header names: i2pd wants it in full, since 2.58 base32 will do.
func (b *Bridge) addressee(to string) keys.Destination {
	if b.f.i2pd && !(b.f.modern && strings.HasSuffix(to, ".b32.i2p")) {
		d, _ := keys.ParseDestination(to)
		return d
	}
	return b.resolve(to).dest
}

// gramHeader reads "3.0 ID DESTINATION [KEY=VALUE...]". i2pd does not look at the version, and
// before 2.58 takes all behind the ID for the destination.
func (f *flavour) gramHeader(line string) (id, to string, options request, ok bool) {
	version, rest, _ := strings.Cut(line, " ")
	id, to, ok = strings.Cut(rest, " ")
	switch {
	case !ok:
		return "", "", options, false
	case f.i2pd && !f.modern:
		return id, to, options, !strings.Contains(to, " ")
	case !f.i2pd && (!strings.HasPrefix(version, "3.") || len(line) > 2048 || strings.HasSuffix(line, "\r")):
		return "", "", options, false
	}
	to, rest, _ = strings.Cut(to, " ")
	options = f.parseI2PD("DATAGRAM SEND " + rest)
	for _, key := range []string{"FROM_PORT", "TO_PORT", "PROTOCOL"} {
		if _, err := strconv.ParseUint(orElse(options.value(key), "0"), 10, 16); err != nil {
			return "", "", options, false
		}
	}
	return id, to, options, true
}
