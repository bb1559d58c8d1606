package i2pnet

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// namespace is a network namespace with a name in ip-netns(8). At first it has nothing but a loopback interface.
type namespace struct {
	name   string
	file   *os.File
	device string // that has the addresses of routers
}

// newNamespace makes one whose TCP has that congestion control, or the kernel's default if it is empty.
func newNamespace(ctx context.Context, tcp string) (*namespace, error) {
	if os.Geteuid() != 0 {
		return nil, fmt.Errorf("%w: root, to make a network namespace", ErrMissing)
	}
	if _, err := exec.LookPath("ip"); err != nil {
		return nil, fmt.Errorf("%w: ip(8), of the package iproute2", ErrMissing)
	}
	name := fmt.Sprintf("i2pnet-%d-%s", os.Getpid(), strings.ToLower(rand.Text()[:8]))
	if err := ip(ctx, "netns", "add", name); ctx.Err() != nil {
		return nil, context.Cause(ctx)
	} else if err != nil {
		return nil, fmt.Errorf("%w: the right to make a network namespace: %w", ErrMissing, err)
	}
	s := &namespace{name: name}
	if err := s.setUp(ctx, tcp); err != nil {
		return nil, errors.Join(err, s.remove())
	}
	return s, nil
}

func (s *namespace) setUp(ctx context.Context, tcp string) (err error) {
	if s.file, err = os.Open("/run/netns/" + s.name); err != nil {
		return fmt.Errorf("i2pnet: %w", err)
	}
	s.device = "lo"
	if err := ip(ctx, "-n", s.name, "link", "set", "lo", "up"); err != nil {
		return err
	}
	return s.setTCP(tcp)
}

// setTCP sets the congestion control.
func (s *namespace) setTCP(name string) error {
	if name == "" {
		return nil
	}
	return s.enter(func() error {
		if err := os.WriteFile(congestionControl, []byte(name), 0); err != nil {
			return fmt.Errorf("%w: %s, TCP's congestion control: %w", ErrMissing, name, err)
		}
		return nil
	})
}

// congestionControl is of the namespace that the thread is in.
const congestionControl = "/proc/sys/net/ipv4/tcp_congestion_control"

// addAddress gives the namespace one more address of a router.
func (s *namespace) addAddress(ctx context.Context, address string) error {
	return ip(ctx, "-n", s.name, "addr", "add", address+"/32", "dev", s.device)
}

// remove deletes the name. The namespace itself ends with the last process and socket in it.
func (s *namespace) remove() error {
	s.file.Close()
	return ip(context.Background(), "netns", "delete", s.name)
}

// batch runs several commands of ip(8) in the namespace.
func (s *namespace) batch(ctx context.Context, commands ...string) error {
	cmd := exec.CommandContext(ctx, "ip", "-n", s.name, "-batch", "-")
	cmd.Stdin = strings.NewReader(strings.Join(commands, "\n"))
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("i2pnet: ip %s: %w: %s", strings.Join(commands, "; "), err, bytes.TrimSpace(out))
	}
	return nil
}

// ip runs ip(8) and puts what it complains about into the error.
func ip(ctx context.Context, args ...string) error {
	cmd := exec.CommandContext(ctx, "ip", args...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("i2pnet: ip %s: %w: %s", strings.Join(args, " "), err, bytes.TrimSpace(out))
	}
	return nil
}

// enter runs f on a thread that is inside the namespace.
func (s *namespace) enter(f func() error) error {
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err == nil {
		defer home.Close()
		err = setns(s.file)
	}
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer func() {
		// A thread that cannot go home stays locked, and so ends with its goroutine.
		if setns(home) == nil {
			runtime.UnlockOSThread()
		}
	}()
	return f()
}

func setns(f *os.File) error {
	raw, err := f.SyscallConn()
	if err != nil {
		return net.ErrClosed
	}
	failed := raw.Control(func(fd uintptr) { err = unix.Setns(int(fd), unix.CLONE_NEWNET) })
	if failed != nil {
		return net.ErrClosed
	}
	return os.NewSyscallError("setns", err)
}

// dieWithUs makes the kernel kill the program when this process ends, however it ends.
func dieWithUs(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
