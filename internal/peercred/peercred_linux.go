package peercred

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"

	"golang.org/x/sys/unix"
)

// end is what the kernel says of our own end.
type end struct {
	local, remote netip.AddrPort
	inode         uint64
}

func uid(rc syscall.RawConn) (user int, err error) {
	var own *end
	if e := rc.Control(func(fd uintptr) { user, own, err = ask(int(fd)) }); e != nil {
		return 0, e
	}
	if err != nil || own == nil {
		return user, err
	}
	return across(*own)
}

// ask returns the user at once for a unix socket, and for TCP our own end.
func ask(fd int) (user int, own *end, err error) {
	name, err := unix.Getsockname(fd)
	if err != nil {
		return 0, nil, fmt.Errorf("peercred: getsockname: %w", err)
	}
	if _, isUnix := name.(*unix.SockaddrUnix); isUnix {
		cred, err := unix.GetsockoptUcred(fd, unix.SOL_SOCKET, unix.SO_PEERCRED)
		if err != nil {
			return 0, nil, fmt.Errorf("peercred: SO_PEERCRED: %w", err)
		}
		user, err = known(cred.Uid)
		return user, nil, err
	}
	protocol, err := unix.GetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_PROTOCOL)
	if err != nil || protocol != unix.IPPROTO_TCP {
		return 0, nil, fmt.Errorf("peercred: neither TCP nor a unix socket: %w", errors.ErrUnsupported)
	}
	peer, err := unix.Getpeername(fd)
	if errors.Is(err, unix.ENOTCONN) {
		return 0, nil, fmt.Errorf("%w: %w", ErrNotHeld, err)
	}
	var st unix.Stat_t
	info, infoErr := unix.GetsockoptTCPInfo(fd, unix.SOL_TCP, unix.TCP_INFO)
	if err = errors.Join(err, unix.Fstat(fd, &st), infoErr); err != nil {
		return 0, nil, fmt.Errorf("peercred: %w", err)
	}
	if info.State == unix.BPF_TCP_CLOSE { // after a reset it is in no table any more
		return 0, nil, ErrNotHeld
	}
	own = &end{addrPort(name), addrPort(peer), st.Ino}
	if !own.local.Addr().IsLoopback() || !own.remote.Addr().IsLoopback() {
		return 0, nil, fmt.Errorf("peercred: not on loopback: %w", errors.ErrUnsupported)
	}
	return 0, own, nil
}

func addrPort(sa unix.Sockaddr) netip.AddrPort {
	switch a := sa.(type) {
	case *unix.SockaddrInet4:
		return netip.AddrPortFrom(netip.AddrFrom4(a.Addr), uint16(a.Port))
	case *unix.SockaddrInet6:
		return netip.AddrPortFrom(netip.AddrFrom16(a.Addr).Unmap(), uint16(a.Port))
	}
	return netip.AddrPort{}
}
