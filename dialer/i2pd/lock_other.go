//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package i2pd

import "os"

// lockFile checks that files can be written here. Nothing is locked.
func lockFile(path string) (*os.File, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	return nil, f.Close()
}

func unlock(f *os.File) error { return f.Close() }
