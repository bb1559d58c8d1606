package samtest

import (
	"fmt"
	"runtime"
	"syscall"

	"golang.org/x/sys/unix"
)

// becomeUser gives the goroutine's thread, which must end with it, the rights of another user, so
// that what it accepts is that user's. 0 leaves it as it is.
func becomeUser(uid int) error {
	if uid == 0 {
		return nil
	}
	runtime.LockOSThread()
	id := uintptr(uid)
	if _, _, errno := syscall.RawSyscall(unix.SYS_SETRESUID, id, id, id); errno != 0 {
		return fmt.Errorf("samtest: becoming user %d: %w", uid, errno)
	}
	return nil
}
