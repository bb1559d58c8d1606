//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package i2pd

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// lockFile locks a file as long as it is open, here or in a child.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		if errors.Is(err, unix.EWOULDBLOCK) {
			return nil, errLocked
		}
		return nil, os.NewSyscallError("flock", err)
	}
	return f, nil
}

// unlock gives a lock back, also for copies of the file that a program which this one is about to start may have for a moment.
func unlock(f *os.File) error {
	return errors.Join(unix.Flock(int(f.Fd()), unix.LOCK_UN), f.Close())
}
