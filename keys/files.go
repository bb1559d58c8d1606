package keys

import (
	"io"
	"io/fs"
	"os"
	"time"
)

// files is what a Dir needs of its directory: an os.Root, or in tests one that fails.
type files interface {
	OpenFile(name string, flag int, perm fs.FileMode) (file, error)
	ReadDir() ([]fs.DirEntry, error)
	Lstat(name string) (fs.FileInfo, error)
	Link(from, to string) error
	Rename(from, to string) error
	Remove(name string) error
	Chtimes(name string, accessed, modified time.Time) error
	Close() error
}

type file interface {
	io.ReadWriteCloser
	Stat() (fs.FileInfo, error)
	Chmod(fs.FileMode) error
	Sync() error
}

type rootFiles struct{ *os.Root }

func (r rootFiles) OpenFile(name string, flag int, perm fs.FileMode) (file, error) {
	f, err := r.Root.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err // not f: a nil *os.File is not a nil file
	}
	return f, nil
}

func (r rootFiles) ReadDir() ([]fs.DirEntry, error) { return fs.ReadDir(r.FS(), ".") }
