package inetdiag

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// Sizes of struct nlmsghdr, inet_diag_sockid, inet_diag_req_v2 and inet_diag_msg (linux/inet_diag.h).
const (
	headerSize  = unix.SizeofNlMsghdr
	sockIDSize  = 48
	requestSize = 8 + sockIDSize
	answerSize  = 4 + sockIDSize + 20
)

const sockDiagByFamily = 20 // SOCK_DIAG_BY_FAMILY of linux/sock_diag.h

var (
	errMalformed = errors.New("inet_diag: malformed answer")
	errStale     = errors.New("inet_diag: answer to another question")
)

var ne = binary.NativeEndian

// appendQuestion appends a request for the one socket that is connected from local to remote.
func appendQuestion(b []byte, seq uint32, local, remote netip.AddrPort) []byte {
	b = ne.AppendUint32(b, headerSize+requestSize)
	b = ne.AppendUint16(b, sockDiagByFamily)
	b = ne.AppendUint16(b, unix.NLM_F_REQUEST)
	b = ne.AppendUint32(b, seq)
	b = ne.AppendUint32(b, 0) // the kernel puts our port here
	family := byte(unix.AF_INET)
	if local.Addr().Unmap().Is6() {
		family = unix.AF_INET6
	}
	b = append(b, family, unix.IPPROTO_TCP, 0, 0)
	b = ne.AppendUint32(b, 1<<32-1) // in any state
	return appendSockID(b, local, remote)
}

// appendSockID appends a struct inet_diag_sockid without interface and cookie.
func appendSockID(b []byte, local, remote netip.AddrPort) []byte {
	b = binary.BigEndian.AppendUint16(b, local.Port())
	b = binary.BigEndian.AppendUint16(b, remote.Port())
	for _, a := range []netip.AddrPort{local, remote} {
		var ip [16]byte
		copy(ip[:], a.Addr().Unmap().AsSlice())
		b = append(b, ip[:]...)
	}
	b = ne.AppendUint32(b, 0)
	return append(b, 255, 255, 255, 255, 255, 255, 255, 255) // INET_DIAG_NOCOOKIE
}

// parseAnswer reads what came for the question. It fails with errStale for an answer to an earlier one, and with the
// system's error number where the answer is one.
func parseAnswer(b []byte, seq uint32, local, remote netip.AddrPort) (Info, error) {
	if len(b) < headerSize || int64(ne.Uint32(b)) > int64(len(b)) {
		return Info{}, errMalformed
	}
	if ne.Uint32(b[8:]) != seq {
		return Info{}, errStale
	}
	kind, body := ne.Uint16(b[4:]), b[headerSize:max(headerSize, ne.Uint32(b))]
	switch {
	case kind == unix.NLMSG_ERROR && len(body) >= 4:
		if code := int32(ne.Uint32(body)); code < 0 && code > -4096 {
			return Info{}, syscall.Errno(-code)
		}
		return Info{}, errMalformed
	case kind != sockDiagByFamily || len(body) < answerSize:
		return Info{}, errMalformed
	case !isAbout(body, local, remote):
		return Info{}, errMalformed
	}
	return Info{State: State(body[1]), UID: ne.Uint32(body[64:]), Inode: ne.Uint32(body[68:]), Unread: ne.Uint32(body[56:])}, nil
}

// isAbout reports whether an answer is about the socket that was asked for. A socket of IPv6 may be connected over IPv4.
func isAbout(answer []byte, local, remote netip.AddrPort) bool {
	id := answer[4 : 4+sockIDSize]
	addr := func(b []byte, port []byte) netip.AddrPort {
		ip := netip.AddrFrom16([16]byte(b)).Unmap()
		if answer[0] == unix.AF_INET {
			ip = netip.AddrFrom4([4]byte(b))
		}
		return netip.AddrPortFrom(ip, binary.BigEndian.Uint16(port))
	}
	plain := func(a netip.AddrPort) netip.AddrPort {
		return netip.AddrPortFrom(a.Addr().Unmap().WithZone(""), a.Port())
	}
	return addr(id[4:20], id[0:2]) == plain(local) && addr(id[20:36], id[2:4]) == plain(remote)
}
