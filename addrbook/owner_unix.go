//go:build unix

package addrbook

import (
	"io/fs"
	"os"
	"syscall"
)

// takeAfter gives a new file the owner and the mode of another, whose program must be
// able to read it.
func takeAfter(f *os.File, like fs.FileInfo) error {
	if want, ok := like.Sys().(*syscall.Stat_t); ok {
		fi, err := f.Stat()
		if err != nil {
			return err
		}
		if has, ok := fi.Sys().(*syscall.Stat_t); ok && (has.Uid != want.Uid || has.Gid != want.Gid) {
			if err := f.Chown(int(want.Uid), int(want.Gid)); err != nil {
				return err
			}
		}
	}
	return f.Chmod(like.Mode().Perm())
}
