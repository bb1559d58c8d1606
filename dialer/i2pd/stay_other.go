//go:build !linux

package i2pd

import (
	"errors"
	"log/slog"
	"os/exec"
)

const canStay = false

func (p *process) startStaying(*exec.Cmd) error { return errors.ErrUnsupported }

// leftBehind cannot tell which process has the lock.
func leftBehind(f *folder, _ *slog.Logger) (*process, error) {
	lock, err := f.lockChild()
	if lock != nil {
		unlock(lock)
	}
	return nil, err
}
