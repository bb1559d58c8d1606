package leaktest

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace without a name, so that it ends with the last who uses it.
type namespace struct {
	file    *os.File
	card    *os.File
	packets *os.File // a packet socket, of all that is sent inside
	raw     syscall.RawConn
	look    func(packet []byte, loopback bool)
	lo      int // index of the device
	mu      sync.Mutex
	closed  sync.WaitGroup
}

// card is a network card that takes all packets and brings none.
const card = "card"

const setUp = "link set lo up\n" +
	"link set " + card + " multicast off\n" +
	"addr add 198.51.100.2/24 dev " + card + "\n" +
	"link set " + card + " up\n" +
	"addr add 2001:db8::2/64 dev " + card + " nodad\n" +
	"route add default dev " + card + "\n" +
	"route add ::/0 dev " + card

func newNamespace(look func([]byte, bool)) (ns *namespace, err error) {
	if os.Geteuid() != 0 {
		return nil, errors.New("network namespaces need root")
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return nil, errors.New("ip(8), of the package iproute2, is missing")
	}
	ns = &namespace{look: look}
	made := make(chan error)
	go func() { // on a thread that ends with it
		runtime.LockOSThread()
		err := unix.Unshare(unix.CLONE_NEWNET)
		if err == nil {
			ns.file, err = os.Open("/proc/thread-self/ns/net")
		}
		made <- err
	}()
	if err := <-made; err != nil {
		return nil, fmt.Errorf("no network namespace: %w", err)
	}
	if err := ns.enter(ns.open); err != nil {
		return nil, errors.Join(err, ns.closeFiles())
	}
	ns.closed.Go(func() {
		ns.raw.Read(func(fd uintptr) bool { // until the socket is closed
			for ns.take(int(fd)) {
			}
			return false
		})
	})
	return ns, nil
}

// open sets the devices up and begins to listen on them, in the namespace.
func (ns *namespace) open() error {
	if err := ns.openCard(); err != nil {
		return fmt.Errorf("TUN device: %w", err)
	}
	cmd := exec.Command("ip", "-batch", "-")
	cmd.Stdin = strings.NewReader(setUp)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("ip: %w: %s", err, bytes.TrimSpace(out))
	}
	lo, err := net.InterfaceByName("lo")
	if err != nil {
		return err
	}
	ns.lo = lo.Index
	all := uint16(unix.ETH_P_ALL)
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, int(all<<8|all>>8))
	if err != nil {
		return os.NewSyscallError("packet socket", err)
	}
	unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 32<<20) // what does not fit is found by close
	ns.packets = os.NewFile(uintptr(fd), "packets")
	ns.raw, err = ns.packets.SyscallConn()
	return err
}

// openCard makes a TUN device that nobody reads from.
func (ns *namespace) openCard() error {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return err
	}
	ns.card = os.NewFile(uintptr(fd), card)
	request, err := unix.NewIfreq(card)
	if err != nil {
		return err
	}
	request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
	return unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
}

// take takes one packet, and reports whether there was one.
func (ns *namespace) take(fd int) bool {
	ns.mu.Lock()
	defer ns.mu.Unlock()
	var buf [128]byte // the headers
	n, from, err := unix.Recvfrom(fd, buf[:], unix.MSG_DONTWAIT)
	if err != nil {
		return errors.Is(err, unix.EINTR) || errors.Is(err, unix.ENETDOWN)
	}
	if link, ok := from.(*unix.SockaddrLinklayer); ok && link.Pkttype == unix.PACKET_OUTGOING {
		ns.look(buf[:n], link.Ifindex == ns.lo)
	}
	return true
}

// drain takes all packets that were sent so far.
func (ns *namespace) drain() {
	for more := true; more; {
		ns.raw.Control(func(fd uintptr) { more = ns.take(int(fd)) })
	}
}

func (ns *namespace) close() (err error) {
	ns.raw.Control(func(fd uintptr) {
		stats, e := unix.GetsockoptTpacketStats(int(fd), unix.SOL_PACKET, unix.PACKET_STATISTICS)
		if err = e; err == nil && stats.Drops > 0 {
			err = fmt.Errorf("%d packets were not looked at", stats.Drops)
		}
	})
	err = errors.Join(err, ns.closeFiles())
	ns.closed.Wait()
	return err
}

func (ns *namespace) closeFiles() error {
	ns.card.Close()
	ns.packets.Close()
	return ns.file.Close()
}

// enter runs f on a thread that is inside the namespace.
func (ns *namespace) enter(f func() error) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer home.Close()
	if err := unix.Setns(int(ns.file.Fd()), unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return os.NewSyscallError("setns", err)
	}
	defer func() {
		// A thread that cannot go home stays locked, and so ends with its goroutine.
		if unix.Setns(int(home.Fd()), unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		}
	}()
	return f()
}

// Start is cmd.Start in the namespace. The program is killed when this process ends.
func (c *Confined) Start(cmd *exec.Cmd) error {
	if cmd.SysProcAttr == nil {
		cmd.SysProcAttr = new(syscall.SysProcAttr)
	}
	cmd.SysProcAttr.Pdeathsig = syscall.SIGKILL
	return c.ns.enter(cmd.Start)
}
