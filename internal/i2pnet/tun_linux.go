package i2pnet

import (
	"context"
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

// peerNet is where the addresses of all routers are.
const peerNet = "198.18.0.0/15"

// device is the name of the network device that leads to the other routers.
const device = "peers"

// openDevice gives the namespace a network device by which it reaches the other routers. What is
// sent there can be read from the file, and what is written to the file arrives, one IP packet each time.
func (s *namespace) openDevice(ctx context.Context) (file *os.File, err error) {
	err = s.enter(func() error { // a device is made in the namespace where the file is opened
		fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
		if err != nil {
			return fmt.Errorf("%w: TUN devices: %w", ErrMissing, os.NewSyscallError("open", err))
		}
		request, err := unix.NewIfreq(device)
		if err == nil {
			request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
			err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
		}
		if err != nil {
			unix.Close(fd)
			return fmt.Errorf("%w: the right to make a TUN device: %w", ErrMissing, err)
		}
		file = os.NewFile(uintptr(fd), device)
		return nil
	})
	if err != nil {
		return nil, err
	}
	s.device = device
	err = s.batch(ctx, "link set "+device+" up txqueuelen 5000", "route add "+peerNet+" dev "+device)
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// join connects two namespaces by a wire that costs nothing, each with one address on it.
func (s *namespace) join(ctx context.Context, address string, other *namespace, otherAddress, wire string) error {
	if err := ip(ctx, "-n", s.name, "link", "add", wire, "type", "veth", "peer", "name", "home", "netns", other.name); err != nil {
		return fmt.Errorf("%w: the right to make a veth device: %w", ErrMissing, err)
	}
	err := s.batch(ctx, "addr add "+address+" peer "+otherAddress+" dev "+wire, "link set "+wire+" up")
	if err != nil {
		return err
	}
	return other.batch(ctx, "addr add "+otherAddress+" peer "+address+" dev home", "link set home up")
}
