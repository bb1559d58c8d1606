package i2pd

import (
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/go-i2p/i2psocks/internal/procnet"
)

// dieWithHost makes the kernel kill the child when the thread that started it ends.
func dieWithHost(a *syscall.SysProcAttr) { a.Pdeathsig = syscall.SIGKILL }

// withoutForks calls f while no other program is being started, which would have a copy of what f has open for a moment.
func withoutForks(f func() error) error {
	syscall.ForkLock.RLock() // sockets are not opened under it here, as they are on some systems
	defer syscall.ForkLock.RUnlock()
	return f()
}

// owns fails with ErrPortTaken unless it is the child that listens on the port. Where the kernel
// does not show the child's files, as to a program with capabilities, it must at least be a
// process of the child's user.
func (p *process) owns(port int) error {
	return owns("/proc/"+strconv.Itoa(p.pid), port)
}

func owns(proc string, port int) error {
	socket, err := listener(filepath.Join(proc, "net"), port)
	if err != nil {
		return err
	}
	files, err := os.ReadDir(filepath.Join(proc, "fd"))
	if errors.Is(err, fs.ErrPermission) {
		if socket.UID != uint32(os.Geteuid()) {
			return fmt.Errorf("%w by another user", ErrPortTaken)
		}
		return nil
	}
	if err != nil {
		return err
	}
	for _, f := range files {
		if target, _ := os.Readlink(filepath.Join(proc, "fd", f.Name())); target == fmt.Sprintf("socket:[%d]", socket.Inode) {
			return nil
		}
	}
	return fmt.Errorf("%w by another process", ErrPortTaken)
}

// listener finds the socket that listens on a port of 127.0.0.1.
func listener(tables string, port int) (socket procnet.Socket, err error) {
	local := netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), uint16(port))
	err = procnet.Each(tables, func(s procnet.Socket) bool {
		if s.Local == local && s.State == procnet.Listen {
			socket = s
		}
		return socket.Inode == 0
	})
	if err == nil && socket.Inode == 0 {
		err = fmt.Errorf("%w: nothing listens on it any more", ErrPortTaken)
	}
	return socket, err
}
