//go:build unix

package i2pd

import (
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// prepare puts the child in a process group of its own, so that an interrupt at the terminal
// reaches the host alone.
func prepare(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithHost(cmd.SysProcAttr)
}

// terminate asks the child to end at once; SIGINT would make i2pd wait ten minutes for its tunnels.
func (p *process) terminate() { p.signal(syscall.SIGTERM) }

func (p *process) kill() { p.signal(syscall.SIGKILL) }

// signal reaches the child, and what it may have started.
func (p *process) signal(s syscall.Signal) {
	if p.proc.Signal(s) == nil && p.group {
		syscall.Kill(-p.pid, s)
	}
}

// ownFile reports whether a file belongs to the user of the process.
func ownFile(fi fs.FileInfo) bool {
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && int64(st.Uid) == int64(os.Geteuid())
}
