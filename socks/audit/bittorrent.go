package audit

import (
	"encoding/binary"
	"net/netip"
	"strings"
)

// bitTorrentHandshake understands the handshake between peers (BEP 3): 20 bytes of protocol, 8 of extensions, then
// the hash of the torrent and the peer ID, of 20 bytes each.
func bitTorrentHandshake(s *stream, b []byte, final bool) (int, parser) {
	const length = 68
	if len(b) < length {
		if final {
			return len(b), nil
		}
		return 0, bitTorrentHandshake
	}
	s.protocol = "BitTorrent"
	s.peerID(string(b[length-20 : length]))
	return length, bitTorrentExtensions
}

// peerID notes an ID that names the client's program, as "-AZ2060-" and "A2-1-36-0-" do (BEP 20), or that two
// identities have.
func (s *stream) peerID(id string) {
	const program = 6
	if len(id) != 20 {
		return
	}
	if !strings.ContainsFunc(id[:program], func(r rune) bool { return r > 'z' || r != '-' && !isAlphanumeric(byte(r)) }) {
		s.found(BitTorrentPeer, s.value(id[:program]))
	}
	s.link("peer ID", id)
}

// bitTorrentExtensions understands the handshake of extensions (BEP 10), a bencoded dictionary that may hold the
// program and the addresses of the client.
func bitTorrentExtensions(s *stream, b []byte, final bool) (int, parser) {
	if len(b) < 4 && !final {
		return 0, bitTorrentExtensions
	}
	if len(b) < 6 || b[4] != 20 || b[5] != 0 {
		return len(b), nil
	}
	n := 4 + int64(binary.BigEndian.Uint32(b))
	if int64(len(b)) < n && !final {
		return 0, bitTorrentExtensions
	}
	dictionary := string(b[6:max(6, min(n, int64(len(b))))])
	if _, version, ok := strings.Cut(dictionary, "1:v"); ok {
		s.found(BitTorrentPeer, s.value(version))
	}
	for _, entry := range []struct {
		name string
		key  string
		size int
	}{{"ipv4", "4:ipv44:", 4}, {"ipv6", "4:ipv616:", 16}} {
		if a, ok := addressBehind(dictionary, entry.key, entry.size); ok {
			s.found(BitTorrentAddress, entry.name+"="+s.value(a.String()))
		}
	}
	return len(b), nil
}

// trackerDatagram judges what a client sends to a tracker over UDP (BEP 15): first a request to connect, then
// announcements that may hold an address.
func (s *stream) trackerDatagram(b []byte) {
	const connectID, announcement, addressAt = 0x41727101980, 98, 84
	switch {
	case strings.HasPrefix(string(b), "d1:") && strings.Contains(string(b), "1:y1:"):
		s.distributed(string(b))
	case len(b) >= 16 && binary.BigEndian.Uint64(b) == connectID:
		s.tracker = true
	case s.tracker && len(b) >= announcement && binary.BigEndian.Uint32(b[8:]) == 1:
		s.protocol = "BitTorrent"
		s.peerID(string(b[36:56]))
		if a := netip.AddrFrom4([4]byte(b[addressAt:])); !a.IsUnspecified() {
			s.found(BitTorrentAddress, s.value(a.String()))
		}
	}
}

// distributed judges a message to the distributed table (BEP 5), whose sender has an ID and maybe tells its program.
func (s *stream) distributed(dictionary string) {
	s.protocol = "BitTorrent"
	if _, rest, ok := strings.Cut(dictionary, "2:id20:"); ok && len(rest) >= 20 {
		s.link("node ID", rest[:20])
	}
	if _, version, ok := strings.Cut(dictionary, "1:v4:"); ok {
		s.found(BitTorrentPeer, s.value(version[:min(len(version), 4)]))
	}
}

// addressBehind returns the address of so many bytes that stands behind a key of a bencoded dictionary.
func addressBehind(dictionary, key string, size int) (netip.Addr, bool) {
	_, rest, ok := strings.Cut(dictionary, key)
	if !ok || len(rest) < size {
		return netip.Addr{}, false
	}
	a, _ := netip.AddrFromSlice([]byte(rest[:size]))
	return a, !a.IsUnspecified()
}
