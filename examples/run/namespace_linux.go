package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"syscall"

	"golang.org/x/sys/unix"
)

// The program runs in namespaces of its own, which three processes share: this one, which stays outside and
// carries the traffic; init, the first inside, which prepares them and ends with this one; and the program.

// initName is what init finds as its own name.
const initName = "i2psocks-run-init"

// plan is what init is told, before it prepares the namespaces.
type plan struct {
	Unix bool // the program may use unix sockets
}

// program is what init is told to run, once they stand.
type program struct {
	Path string // for the search in PATH
	Args []string
	Env  []string
	Dir  string
}

// sandbox is a set of namespaces, and init in it.
type sandbox struct {
	init     *exec.Cmd
	conn     *net.UnixConn // to init
	listener net.Listener  // on loopback, inside
	link     link
}

// capabilities are those that init needs in its own user namespace, and that the program does not get.
var capabilities = []uintptr{
	unix.CAP_SYS_ADMIN, unix.CAP_NET_ADMIN, unix.CAP_NET_RAW, unix.CAP_SETPCAP, unix.CAP_SYS_RESOURCE,
}

// newSandbox starts init and waits until the namespaces stand.
func newSandbox(p plan) (*sandbox, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_STREAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, os.NewSyscallError("socketpair", err)
	}
	theirs := os.NewFile(uintptr(fds[1]), "init")
	defer theirs.Close()
	ours := os.NewFile(uintptr(fds[0]), "init")
	defer ours.Close()
	conn, err := net.FileConn(ours)
	if err != nil {
		return nil, err
	}
	s := &sandbox{init: initCommand(theirs), conn: conn.(*net.UnixConn)}
	if err := s.init.Start(); err != nil {
		conn.Close()
		return nil, fmt.Errorf("namespaces: %w", err)
	}
	if err := s.prepare(p); err != nil {
		s.close()
		return nil, fmt.Errorf("namespaces: %w", err)
	}
	return s, nil
}

func initCommand(conn *os.File) *exec.Cmd {
	uid, gid := os.Getuid(), os.Getgid()
	return &exec.Cmd{
		Path: "/proc/self/exe", Args: []string{initName}, Env: []string{},
		Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, ExtraFiles: []*os.File{conn},
		SysProcAttr: &syscall.SysProcAttr{
			Cloneflags: unix.CLONE_NEWUSER | unix.CLONE_NEWNET | unix.CLONE_NEWNS | unix.CLONE_NEWPID |
				unix.CLONE_NEWIPC | unix.CLONE_NEWUTS,
			UidMappings: []syscall.SysProcIDMap{{ContainerID: uid, HostID: uid, Size: 1}},
			GidMappings: []syscall.SysProcIDMap{{ContainerID: gid, HostID: gid, Size: 1}},
			AmbientCaps: capabilities,
			Pdeathsig:   unix.SIGKILL,
		},
	}
}

// prepare takes what init has made: a listener, and the network card.
func (s *sandbox) prepare(p plan) error {
	if err := json.NewEncoder(s.conn).Encode(p); err != nil {
		return err
	}
	text, files, err := receive(s.conn)
	if err != nil {
		return err
	}
	defer func() {
		for _, f := range files {
			f.Close()
		}
	}()
	var r ready
	if err := json.Unmarshal(text, &r); err != nil {
		return err
	}
	if r.Err != "" || len(files) != 2 {
		return errors.New(r.Err)
	}
	if s.listener, err = net.FileListener(files[0]); err != nil {
		return err
	}
	fd, err := unix.FcntlInt(files[1].Fd(), unix.F_DUPFD_CLOEXEC, 0)
	s.link = link{fd: fd, hardware: r.Hardware}
	return os.NewSyscallError("fcntl", err)
}

// run starts the program. What it ends with, init does too.
func (s *sandbox) run(p program) error { return json.NewEncoder(s.conn).Encode(p) }

// close ends all that runs inside.
func (s *sandbox) close() {
	s.init.Process.Kill()
	s.init.Wait()
	s.conn.Close()
	if s.listener != nil {
		s.listener.Close()
	}
}

// ready is what init tells when the namespaces stand, with two files: the listener and the network card.
type ready struct {
	Err      string           `json:",omitempty"`
	Hardware net.HardwareAddr `json:",omitempty"` // of the other end, if the card has one
}

func send(conn *net.UnixConn, r ready, fds ...int) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	var rights []byte
	if len(fds) > 0 {
		rights = unix.UnixRights(fds...)
	}
	_, _, err = conn.WriteMsgUnix(text, rights, nil)
	return err
}

func receive(conn *net.UnixConn) (text []byte, files []*os.File, err error) {
	text, rights := make([]byte, 4<<10), make([]byte, unix.CmsgSpace(2*4))
	n, m, _, _, err := conn.ReadMsgUnix(text, rights)
	if err != nil {
		return nil, nil, fmt.Errorf("init has ended: %w", err)
	}
	messages, err := unix.ParseSocketControlMessage(rights[:m])
	if err != nil {
		return nil, nil, err
	}
	for _, message := range messages {
		fds, err := unix.ParseUnixRights(&message)
		if err != nil {
			return nil, nil, err
		}
		for _, fd := range fds {
			files = append(files, os.NewFile(uintptr(fd), "inside"))
		}
	}
	return text[:n], files, nil
}
