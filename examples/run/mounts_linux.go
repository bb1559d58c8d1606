package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"
)

// Where the replacements of files lie, inside.
const ownFiles = "/run/i2psocks"

// harmless are the files that say where names are looked up, or which machine this is.
var harmless = map[string]string{
	"/etc/resolv.conf":         "nameserver " + resolverAddr + "\n",
	"/etc/nsswitch.conf":       "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\nprotocols: files\nservices: files\n",
	"/etc/hosts":               "127.0.0.1 localhost\n::1 localhost\n",
	"/etc/hostname":            "localhost\n",
	"/etc/machine-id":          strings.Repeat("0", 31) + "1\n",
	"/etc/timezone":            "Etc/UTC\n",
	"/var/lib/dbus/machine-id": strings.Repeat("0", 31) + "1\n",
}

// mounts hides what leads out: sockets of the session and of daemons under /run, memory that is shared with others,
// their processes, the network cards in /sys, and devices.
func mounts() error {
	for _, m := range []struct {
		source, target, kind string
		flags                uintptr
		data                 string
	}{
		{"", "/", "", unix.MS_REC | unix.MS_PRIVATE, ""},
		{"tmpfs", "/run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=755"},
		{"tmpfs", "/var/run", "tmpfs", unix.MS_NOSUID | unix.MS_NODEV, "mode=755"}, // a link to /run, or another
		{"proc", "/proc", "proc", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC, ""},
		{"sysfs", "/sys", "sysfs", unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC | unix.MS_RDONLY, ""},
	} {
		if _, err := os.Stat(m.target); err != nil {
			continue // nothing to hide
		}
		if err := unix.Mount(m.source, m.target, m.kind, m.flags, m.data); err != nil {
			return fmt.Errorf("mount %s: %w", m.target, err)
		}
	}
	if err := devices(); err != nil {
		return err
	}
	if err := kernel(); err != nil {
		return err
	}
	return replaceFiles()
}

// kernel forbids to make further user namespaces, in which a program has all privileges again, and to set up the
// kernel, which root may even without privileges: it could have a program run outside.
func kernel() error {
	if err := os.WriteFile("/proc/sys/user/max_user_namespaces", []byte("0"), 0); err != nil {
		return err
	}
	for _, path := range []string{"/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/acpi", "/proc/scsi"} {
		if _, err := os.Stat(path); err != nil {
			continue
		}
		if err := unix.Mount(path, path, "", unix.MS_BIND|unix.MS_REC, ""); err != nil {
			return fmt.Errorf("mount %s: %w", path, err)
		}
		const readOnly = unix.MS_REMOUNT | unix.MS_BIND | unix.MS_RDONLY | unix.MS_NOSUID | unix.MS_NODEV | unix.MS_NOEXEC
		if err := unix.Mount("", path, "", readOnly, ""); err != nil {
			return fmt.Errorf("mount %s: %w", path, err)
		}
	}
	return nil
}

func replaceFiles() error {
	if err := os.Mkdir(ownFiles, 0o755); err != nil {
		return err
	}
	for path, text := range harmless {
		own := filepath.Join(ownFiles, strings.ReplaceAll(path[1:], "/", "-"))
		if err := os.WriteFile(own, []byte(text), 0o444); err != nil {
			return err
		}
		if err := replace(path, own); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
	}
	return replaceZone()
}

// replace puts own in the place of the file at path, which may be a link into what is hidden now.
func replace(path, own string) error {
	target, err := os.Readlink(path)
	if err == nil && !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(path), target)
	} else if err != nil {
		target = path
	}
	if _, err := os.Stat(target); err == nil {
		return os.NewSyscallError("mount", unix.Mount(own, target, "", unix.MS_BIND, ""))
	}
	if !strings.HasPrefix(target, "/run/") && !strings.HasPrefix(target, "/var/run/") {
		return nil // there is none
	}
	if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
		return err
	}
	return os.Symlink(own, target)
}

// replaceZone makes the local time UTC, for programs that heed no TZ. Without a file for UTC there is none for
// other zones either.
func replaceZone() error {
	const utc, local = "/usr/share/zoneinfo/Etc/UTC", "/etc/localtime"
	target, err := filepath.EvalSymlinks(local)
	if err != nil || target == utc {
		return nil
	}
	if _, err := os.Stat(utc); err != nil {
		return nil
	}
	return os.NewSyscallError("mount", unix.Mount(utc, target, "", unix.MS_BIND, ""))
}
