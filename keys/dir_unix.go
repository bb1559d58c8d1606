//go:build unix

package keys

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

const syncsDirectories = true

// checkPrivate refuses what another user could read, change or has made.
func checkPrivate(fi fs.FileInfo) error {
	if perm := fi.Mode().Perm(); perm&0o077 != 0 {
		return fmt.Errorf("%w: mode %04o is open to group or others", ErrPermissions, perm)
	}
	if st, ok := fi.Sys().(*syscall.Stat_t); !ok || int64(st.Uid) != int64(os.Geteuid()) {
		return fmt.Errorf("%w: belongs to another user", ErrPermissions)
	}
	return nil
}
