//go:build unix

package socks

import "syscall"

// descriptorLimit returns how many the process may have open, and false if that does not limit it.
func descriptorLimit() (n uint64, limited bool) {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_NOFILE, &limit) != nil {
		return 0, false
	}
	return uint64(limit.Cur), true
}
