package main

import (
	"fmt"
	"os"
	"runtime"
	"unsafe"

	"golang.org/x/net/bpf"
	"golang.org/x/sys/unix"
)

// narrow makes the calling thread, and what it starts, give up all that could lead out of the namespaces: new
// privileges, by setuid programs or otherwise; sockets of families that know no namespaces; the system calls below.
func narrow(p plan) error {
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return os.NewSyscallError("no_new_privs", err)
	}
	if err := dropCapabilities(); err != nil {
		return err
	}
	if err := unix.CloseRange(3, ^uint(0), unix.CLOSE_RANGE_CLOEXEC); err != nil {
		return os.NewSyscallError("close_range", err)
	}
	scope() // best effort: the namespaces keep the same things in
	return filter(p.Unix)
}

// dropCapabilities drops them for good, also for root.
func dropCapabilities() error {
	const locked = 1<<0 | 1<<1 | 1<<2 | 1<<3 | 1<<5 | 1<<6 | 1<<7 // SECBIT_NOROOT, NO_SETUID_FIXUP and NO_CAP_AMBIENT_RAISE, and their locks
	if err := unix.Prctl(unix.PR_SET_SECUREBITS, locked, 0, 0, 0); err != nil {
		return os.NewSyscallError("securebits", err)
	}
	for c := uintptr(0); c <= unix.CAP_LAST_CAP; c++ {
		if err := unix.Prctl(unix.PR_CAPBSET_DROP, c, 0, 0, 0); err != nil && err != unix.EINVAL {
			return os.NewSyscallError("capbset", err)
		}
	}
	if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil {
		return os.NewSyscallError("ambient", err)
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	return os.NewSyscallError("capset", unix.Capset(&header, &none[0]))
}

// scope forbids, by Landlock, to reach abstract unix sockets and processes outside (Linux 6.12).
func scope() {
	const abstractSockets, signals = 1, 2
	attr := struct{ fs, net, scoped uint64 }{scoped: abstractSockets | signals}
	fd, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, uintptr(unsafe.Pointer(&attr)), unsafe.Sizeof(attr), 0)
	if errno != 0 {
		return
	}
	defer unix.Close(int(fd))
	unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, fd, 0, 0)
}

// architectures are those whose system calls the filter knows, none of which has them in two ways but x86.
var architectures = map[string]uint32{
	"amd64": unix.AUDIT_ARCH_X86_64, "arm64": unix.AUDIT_ARCH_AARCH64, "riscv64": unix.AUDIT_ARCH_RISCV64,
}

// forbidden are system calls that go past the filter, or at other processes and the kernel.
var forbidden = []uint32{
	unix.SYS_IO_URING_SETUP, unix.SYS_IO_URING_ENTER, unix.SYS_IO_URING_REGISTER,
	unix.SYS_PTRACE, unix.SYS_PROCESS_VM_READV, unix.SYS_PROCESS_VM_WRITEV, unix.SYS_PIDFD_GETFD, unix.SYS_BPF,
	unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY, unix.SYS_KEXEC_LOAD, unix.SYS_KEXEC_FILE_LOAD,
}

// What the fields of struct seccomp_data are at, and the first system call of x32.
const (
	atCall, atArch, atArg0, atArg1 = 0, 4, 16, 24

	firstX32 = 0x40000000
)

// filter allows the socket families of the Internet and of the kernel's own configuration, which know namespaces,
// and unix sockets if asked. Those of virtual machines (AF_VSOCK) and others lead out.
func filter(unixSockets bool) error {
	arch, ok := architectures[runtime.GOARCH]
	if !ok {
		return fmt.Errorf("no filter for system calls of %s", runtime.GOARCH)
	}
	families := []uint32{unix.AF_INET, unix.AF_INET6, unix.AF_NETLINK}
	pairs := connected
	if unixSockets {
		families = append(families, unix.AF_UNIX)
		pairs = append(withFlags(unix.SOCK_DGRAM), pairs...)
	}
	p := []bpf.Instruction{
		load(atArch), bpf.JumpIf{Cond: bpf.JumpEqual, Val: arch, SkipTrue: 1}, refuse(unix.ENOSYS),
		load(atCall), bpf.JumpIf{Cond: bpf.JumpLessThan, Val: firstX32, SkipTrue: 1}, refuse(unix.ENOSYS),
	}
	for _, call := range forbidden {
		p = append(p, bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: call, SkipTrue: 1}, refuse(unix.EPERM))
	}
	p = append(p, test(unix.SYS_SOCKET, atArg0, families, allow, refuse(unix.EAFNOSUPPORT))...)
	p = append(p, test(unix.SYS_SOCKETPAIR, atArg1, pairs, allow, refuse(unix.EPROTONOSUPPORT))...)
	p = append(p, test(unix.SYS_IOCTL, atArg1, []uint32{unix.TIOCSTI, tiocLinux}, refuse(unix.EPERM), allow)...) // types at the terminal
	return install(append(p, allow))
}

const tiocLinux = 0x541c

// connected are the types of socket pairs that stay what they are. Those of datagrams send to any other unix socket.
var connected = append(withFlags(unix.SOCK_STREAM), withFlags(unix.SOCK_SEQPACKET)...)

func withFlags(kind uint32) []uint32 {
	const cloexec, nonblock = unix.SOCK_CLOEXEC, unix.SOCK_NONBLOCK
	return []uint32{kind, kind | cloexec, kind | nonblock, kind | cloexec | nonblock}
}

var allow = bpf.RetConstant{Val: unix.SECCOMP_RET_ALLOW}

func refuse(errno unix.Errno) bpf.Instruction {
	return bpf.RetConstant{Val: unix.SECCOMP_RET_ERRNO | uint32(errno)}
}

func load(at uint32) bpf.Instruction { return bpf.LoadAbsolute{Off: at, Size: 4} }

// test is for one system call: by one of its arguments, it ends in listed or otherwise.
func test(call, at uint32, values []uint32, listed, otherwise bpf.Instruction) []bpf.Instruction {
	body := []bpf.Instruction{load(at)}
	for i, v := range values {
		body = append(body, bpf.JumpIf{Cond: bpf.JumpEqual, Val: v, SkipTrue: uint8(len(values) - i)})
	}
	body = append(body, otherwise, listed)
	return append([]bpf.Instruction{bpf.JumpIf{Cond: bpf.JumpNotEqual, Val: call, SkipTrue: uint8(len(body))}}, body...)
}

func install(p []bpf.Instruction) error {
	raw, err := bpf.Assemble(p)
	if err != nil {
		return err
	}
	filters := make([]unix.SockFilter, len(raw))
	for i, r := range raw {
		filters[i] = unix.SockFilter{Code: r.Op, Jt: r.Jt, Jf: r.Jf, K: r.K}
	}
	prog := unix.SockFprog{Len: uint16(len(filters)), Filter: &filters[0]}
	_, _, errno := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, 0, uintptr(unsafe.Pointer(&prog)))
	if errno != 0 {
		return os.NewSyscallError("seccomp", errno)
	}
	return nil
}
