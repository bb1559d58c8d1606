package main

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// devices makes a /dev of what every program needs: others are ways out, such as modems, keyboards that are made up,
// virtual machines, and the other terminals of the user.
func devices() error {
	kept := make(map[string]int)
	for _, name := range []string{"null", "zero", "full", "random", "urandom", "tty"} {
		fd, err := unix.Open(filepath.Join("/dev", name), unix.O_PATH|unix.O_CLOEXEC, 0)
		if err != nil {
			continue // a container without it
		}
		defer unix.Close(fd)
		kept[name] = fd
	}
	if err := unix.Mount("tmpfs", "/dev", "tmpfs", unix.MS_NOSUID|unix.MS_NOEXEC, "mode=755"); err != nil {
		return fmt.Errorf("mount /dev: %w", err)
	}
	for name, fd := range kept {
		path := filepath.Join("/dev", name)
		if err := os.WriteFile(path, nil, 0o644); err != nil {
			return err
		}
		if err := unix.Mount(fmt.Sprintf("/proc/self/fd/%d", fd), path, "", unix.MS_BIND, ""); err != nil {
			return fmt.Errorf("mount %s: %w", path, err)
		}
	}
	for name, target := range map[string]string{
		"fd": "/proc/self/fd", "stdin": "/proc/self/fd/0", "stdout": "/proc/self/fd/1", "stderr": "/proc/self/fd/2", "ptmx": "pts/ptmx",
	} {
		if err := os.Symlink(target, filepath.Join("/dev", name)); err != nil {
			return err
		}
	}
	for _, m := range []struct{ path, kind, data string }{
		{"/dev/shm", "tmpfs", "mode=1777"},
		{"/dev/pts", "devpts", "newinstance,ptmxmode=0666,mode=620"},
	} {
		if err := os.Mkdir(m.path, 0o755); err != nil {
			return err
		}
		if err := unix.Mount(m.kind, m.path, m.kind, unix.MS_NOSUID|unix.MS_NOEXEC, m.data); err != nil {
			return fmt.Errorf("mount %s: %w", m.path, err)
		}
	}
	return nil
}
