//go:build !unix

package i2pd

import (
	"os"
	"os/exec"
)

func prepare(*exec.Cmd) {}

func terminate(p *os.Process) { p.Kill() }

func kill(p *os.Process) { p.Kill() }
