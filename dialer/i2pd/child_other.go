//go:build !unix

package i2pd

import (
	"io/fs"
	"os/exec"
)

func prepare(*exec.Cmd) {}

func (p *process) terminate() { p.kill() }

func (p *process) kill() { p.proc.Kill() }

// ownFile cannot be told here.
func ownFile(fs.FileInfo) bool { return true }
