package keys

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// makeAll makes a directory and those above it that are missing. Each is flushed into the one above it, or a
// crash could take all that was saved in it.
func makeAll(path string) error {
	var made []string
	for dir := filepath.Clean(path); ; dir = filepath.Dir(dir) {
		if _, err := os.Lstat(dir); err == nil || !errors.Is(err, fs.ErrNotExist) || dir == filepath.Dir(dir) {
			break
		}
		made = append(made, dir)
	}
	if err := os.MkdirAll(path, 0o700); err != nil {
		return err
	}
	for _, dir := range made {
		if err := syncDir(filepath.Dir(dir)); err != nil {
			return err
		}
	}
	return nil
}

// syncDir makes the entries of a directory last. Some file systems cannot, and need not; who may not read
// the directory cannot either.
func syncDir(path string) error {
	if !syncsDirectories {
		return nil
	}
	f, err := os.Open(path)
	if errors.Is(err, fs.ErrPermission) {
		return nil
	}
	if err != nil {
		return err
	}
	defer f.Close()
	return flushed(f.Sync())
}
