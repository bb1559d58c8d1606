package peercred

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"runtime"
	"strconv"
	"strings"

	"github.com/go-i2p/i2psocks/internal/inetdiag"
	"github.com/go-i2p/i2psocks/internal/procnet"
)

// across returns the user of the socket whose addresses are those of own reversed. That own is
// found first shows that the right network namespace is looked into: another one may have a
// connection with the same addresses.
func across(own end) (int, error) {
	return acrossBy(findPair, own)
}

// pair finds two sockets of this thread's network namespace by what they are to each other. What
// does not exist is the zero value.
type pair func(local, remote netip.AddrPort) (near, far procnet.Socket, err error)

func acrossBy(find pair, own end) (int, error) {
	near, far, err := find(own.local, own.remote)
	switch {
	case err != nil:
		return 0, fmt.Errorf("peercred: %w: %w", errors.ErrUnsupported, err)
	case near.Inode != own.inode:
		return 0, fmt.Errorf("peercred: a connection of another network namespace: %w", errors.ErrUnsupported)
	case far.State == 0 || far.State == procnet.Listen:
		return 0, ErrElsewhere
	case far.Inode == 0:
		return 0, ErrNotHeld // the kernel calls root the owner of such a socket
	}
	return known(far.UID)
}

// findPair asks inet_diag, and looks into /proc where that cannot be had or knows nothing. The
// question is asked in the namespace of the thread, so that no client can be kept for all.
func findPair(local, remote netip.AddrPort) (near, far procnet.Socket, err error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if near, far, err = diagPair(local, remote); err == nil {
		return near, far, nil
	}
	return procPair(local, remote)
}

func diagPair(local, remote netip.AddrPort) (near, far procnet.Socket, err error) {
	var client inetdiag.Client
	defer client.Close()
	n, err := client.TCP(local, remote)
	if err != nil {
		return near, far, err
	}
	f, err := client.TCP(remote, local)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = inetdiag.Info{}, nil
	}
	return socket(local, remote, n), socket(remote, local, f), err
}

func socket(local, remote netip.AddrPort, i inetdiag.Info) procnet.Socket {
	return procnet.Socket{Local: local, Remote: remote, State: uint8(i.State), UID: i.UID, Inode: uint64(i.Inode)}
}

// procPair looks into the tables in /proc.
func procPair(local, remote netip.AddrPort) (near, far procnet.Socket, err error) {
	err = procnet.Each(procnet.Own, func(s procnet.Socket) bool {
		if s.Local == local && s.Remote == remote {
			near = s
		}
		if s.Local == remote && s.Remote == local {
			far = s
		}
		return near.State == 0 || far.State == 0
	})
	return near, far, err
}

// known fails for the number that stands for all users that this user namespace has no number for.
func known(user uint32) (int, error) {
	return knownIn("/proc", user)
}

func knownIn(proc string, user uint32) (int, error) {
	const none, defaultOverflow = 1<<32 - 1, 65534
	overflow := uint64(defaultOverflow)
	if b, err := os.ReadFile(proc + "/sys/kernel/overflowuid"); err == nil {
		if n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 32); err == nil {
			overflow = n
		}
	}
	switch {
	case user == none:
		return 0, ErrElsewhere
	case uint64(user) != overflow:
		return int(user), nil
	}
	// Where every number is mapped, as outside of user namespaces, the number is nobody's own.
	if b, _ := os.ReadFile(proc + "/self/uid_map"); strings.Join(strings.Fields(string(b)), " ") == "0 0 4294967295" {
		return int(user), nil
	}
	return 0, ErrElsewhere
}
