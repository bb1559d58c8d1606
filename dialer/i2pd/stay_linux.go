package i2pd

import (
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sys/unix"
)

const canStay = true

// startStaying starts a child in a session of its own, so that neither the end of the host nor that of its terminal reaches
// it. What it prints goes nowhere: a pipe would end with the host, and a file would keep names.
func (p *process) startStaying(cmd *exec.Cmd) error {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	if err := cmd.Start(); err != nil {
		return err
	}
	p.proc, p.pid = cmd.Process, cmd.Process.Pid
	children.add(p)
	err := p.follow()
	if err != nil {
		p.kill()
		children.remove(p)
		cmd.Wait()
	}
	return err
}

// follow waits in the background for the end of a process, whoever its parent is.
func (p *process) follow() error {
	fd, err := unix.PidfdOpen(p.pid, unix.PIDFD_NONBLOCK)
	if err != nil {
		return os.NewSyscallError("pidfd_open", err)
	}
	f := os.NewFile(uintptr(fd), "pidfd")
	conn, err := f.SyscallConn()
	if err != nil {
		f.Close()
		return err
	}
	left := make(chan struct{})
	p.leave = sync.OnceFunc(func() {
		f.Close()
		<-left
		p.proc.Release()
	})
	if p.group {
		p.leave = func() {} // and is waited for
	}
	go func() {
		defer close(left)
		defer f.Close()
		if conn.Read(hasEnded) != nil {
			return // left
		}
		children.remove(p)                                               // before its number can be another's
		if state, err := p.proc.Wait(); err == nil && !state.Success() { // it fails unless this is the parent
			p.err = &exec.ExitError{ProcessState: state}
		}
		close(p.done)
	}()
	return nil
}

// hasEnded reports whether the process of a pidfd has, which can then be read from.
func hasEnded(fd uintptr) bool {
	n, _ := unix.Poll([]unix.PollFd{{Fd: int32(fd), Events: unix.POLLIN}}, 0)
	return n > 0
}

// leftBehind finds the child that an earlier host left on a folder: the process that has the child's lock open, by the kernel's
// word, and runs on the folder. It returns nil if nothing holds the lock, and ErrInUse if it is not known what does.
func leftBehind(f *folder, log *slog.Logger) (*process, error) {
	lock, err := f.lockChild()
	if err == nil {
		return nil, unlock(lock)
	}
	h := holder{dir: f.path}
	var statErr error
	if h.lock, statErr = os.Lstat(filepath.Join(f.path, childLock)); statErr != nil {
		return nil, err
	}
	pids := h.find()
	if len(pids) != 1 {
		return nil, fmt.Errorf("%w, by %d processes that can be seen", err, len(pids))
	}
	p := children.get(pids[0])
	if p == nil {
		proc, findErr := os.FindProcess(pids[0])
		if findErr != nil {
			return nil, err
		}
		p = &process{proc: proc, pid: pids[0], done: make(chan struct{})}
		if followErr := p.follow(); followErr != nil {
			return nil, fmt.Errorf("%w: %w", err, followErr)
		}
	}
	p.taken, p.out = true, &output{log: log}
	if !h.is(p.pid) { // the number may have become another's before it was followed
		p.leave()
		return nil, err
	}
	return p, nil
}

// holder describes a child that runs on a folder and holds its lock.
type holder struct {
	dir  string
	lock os.FileInfo
}

// find returns all such processes whose files can be seen.
func (h holder) find() (pids []int) {
	entries, _ := os.ReadDir("/proc")
	for _, e := range entries {
		if pid, err := strconv.Atoi(e.Name()); err == nil && h.is(pid) {
			pids = append(pids, pid)
		}
	}
	return pids
}

func (h holder) is(pid int) bool {
	proc := fmt.Sprintf("/proc/%d", pid)
	if line, _ := os.ReadFile(proc + "/cmdline"); !slices.Contains(strings.Split(string(line), "\x00"), dataDir+h.dir) {
		return false // as one that makes a copy of the folder
	}
	entries, _ := os.ReadDir(proc + "/fd")
	for _, e := range entries {
		path := filepath.Join(proc, "fd", e.Name())
		if target, _ := os.Readlink(path); filepath.Base(target) != childLock {
			continue // without a look at the file, which may be on a disk that does not answer
		}
		if fi, err := os.Stat(path); err == nil && os.SameFile(fi, h.lock) {
			return true
		}
	}
	return false
}
