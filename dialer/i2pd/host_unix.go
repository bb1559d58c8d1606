//go:build unix && !linux

package i2pd

import "syscall"

// dieWithHost does nothing: the kernel offers no such thing.
func dieWithHost(*syscall.SysProcAttr) {}
