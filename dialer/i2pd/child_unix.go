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
func terminate(p *os.Process) { signal(p, syscall.SIGTERM) }

func kill(p *os.Process) { signal(p, syscall.SIGKILL) }

// signal reaches the child, and what it may have started. The group exists as long as the child
// was not waited for.
func signal(p *os.Process, s syscall.Signal) {
	if p.Signal(s) == nil {
		syscall.Kill(-p.Pid, s)
	}
}

// ownFile reports whether a file belongs to the user of the process.
func ownFile(fi fs.FileInfo) bool {
	st, ok := fi.Sys().(*syscall.Stat_t)
	return ok && int64(st.Uid) == int64(os.Geteuid())
}
