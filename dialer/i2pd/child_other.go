//go:build !unix

package i2pd

import (
	"io/fs"
	"os"
	"os/exec"
)

func prepare(*exec.Cmd) {}

func terminate(p *os.Process) { p.Kill() }

func kill(p *os.Process) { p.Kill() }

// ownFile cannot be told here.
func ownFile(fs.FileInfo) bool { return true }
