//go:build unix

package i2pd

import (
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
