// Package procnet reads the tables of TCP sockets that Linux keeps in /proc, as proc_net(5)
// describes them. It sees the sockets of one network namespace, whoever owns them.
package procnet

import (
	"bufio"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"net/netip"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Own is the folder with the tables of the calling thread's network namespace.
const Own = "/proc/thread-self/net"

// Listen is the State of a socket that listens.
const Listen = 0x0A

// Socket is one row of a table.
type Socket struct {
	Local, Remote netip.AddrPort // an IPv4 address that an IPv6 socket has is an IPv4 address here
	State         uint8          // the kernel's number of the TCP state
	UID           uint32         // of the owner, in the reader's user namespace
	Inode         uint64         // 0 when no process holds the socket: not accepted yet, or closed
}

// Each calls f for every TCP socket in the tables of a folder, until f is false. A table that does not
// exist counts as empty, as tcp6 is where there is no IPv6, but one of the two must exist.
func Each(folder string, f func(Socket) bool) error {
	missing := 0
	for _, name := range []string{"tcp", "tcp6"} {
		more, err := table(filepath.Join(folder, name), f)
		if errors.Is(err, fs.ErrNotExist) && missing == 0 {
			missing++
			continue
		}
		if err != nil || !more {
			return err
		}
	}
	return nil
}

func table(path string, f func(Socket) bool) (more bool, err error) {
	file, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer file.Close()
	return read(file, f)
}

// read passes on what it understands; the heading is no row.
func read(r io.Reader, f func(Socket) bool) (more bool, err error) {
	lines := bufio.NewScanner(r)
	for lines.Scan() {
		if s, ok := parse(lines.Text()); ok && !f(s) {
			return false, nil
		}
	}
	return true, lines.Err()
}

// parse reads one row: number, local and remote address, state, queues, timer, retransmissions,
// uid, time-out, inode, and more that does not matter here.
func parse(line string) (s Socket, ok bool) {
	w := strings.Fields(line)
	if len(w) < 10 {
		return Socket{}, false
	}
	state, err1 := strconv.ParseUint(w[3], 16, 8)
	uid, err2 := strconv.ParseUint(w[7], 10, 32)
	inode, err3 := strconv.ParseUint(w[9], 10, 64)
	var local, remote bool
	s.Local, local = address(w[1])
	s.Remote, remote = address(w[2])
	if !local || !remote || errors.Join(err1, err2, err3) != nil {
		return Socket{}, false
	}
	s.State, s.UID, s.Inode = uint8(state), uint32(uid), inode
	return s, true
}

// address reads "0100007F:1DE8": words of four bytes as the machine has them in memory, and a port.
func address(text string) (netip.AddrPort, bool) {
	ip, port, _ := strings.Cut(text, ":")
	b, err := hex.DecodeString(ip)
	if err != nil {
		return netip.AddrPort{}, false
	}
	for i := 0; i+4 <= len(b); i += 4 {
		binary.NativeEndian.PutUint32(b[i:], binary.BigEndian.Uint32(b[i:]))
	}
	addr, ok := netip.AddrFromSlice(b)
	n, err := strconv.ParseUint(port, 16, 16)
	return netip.AddrPortFrom(addr.Unmap(), uint16(n)), ok && err == nil
}
