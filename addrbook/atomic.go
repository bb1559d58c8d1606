package addrbook

import (
	"bufio"
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
)

// errIrregular: what stands at a path is a link, a directory or a device.
var errIrregular = errors.New("not a regular file")

// errReadBack: what came back from the disk is not what was written.
var errReadBack = errors.New("read back otherwise than it was written")

// replacement is a file to be put in the place of another.
type replacement struct {
	path  string
	write func(io.Writer) error

	// check reads what came to the disk, whole, before it replaces anything.
	check func(io.Reader) error

	// like is whose owner and mode it gets. Nil means the program's own and 0600,
	// since a book tells where its owner goes.
	like fs.FileInfo

	// before, if set, comes just before the replacement.
	before func() error
}

// writeFile puts a whole file in the place of another, or leaves what stood there. It
// replaces nothing before the new file is on the disk and has been read back.
func writeFile(r replacement) (err error) {
	if fi, err := os.Lstat(r.path); err == nil && !fi.Mode().IsRegular() {
		return &fs.PathError{Op: "write", Path: r.path, Err: errIrregular}
	}
	temp := tempPrefix(r.path) + rand.Text()
	f, err := os.OpenFile(temp, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(temp)
		}
	}()
	if err := r.fill(f); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if r.before != nil {
		if err := r.before(); err != nil {
			return err
		}
	}
	if err := os.Rename(temp, r.path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(r.path))
}

// fill writes the new file, which is on the disk when it returns, as it was meant.
func (r replacement) fill(f *os.File) error {
	sum := sha256.New()
	w := bufio.NewWriterSize(io.MultiWriter(f, sum), 64<<10)
	if err := r.write(w); err != nil {
		return err
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if r.like != nil {
		if err := takeAfter(f, r.like); err != nil {
			return err
		}
	}
	if err := f.Sync(); err != nil {
		return err
	}
	return r.readBack(f, sum)
}

func (r replacement) readBack(f *os.File, written hash.Hash) error {
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return err
	}
	read := sha256.New()
	back := io.TeeReader(f, read)
	if err := r.check(back); err != nil {
		return fmt.Errorf("%w: %w", errReadBack, err)
	}
	if _, err := io.Copy(io.Discard, back); err != nil {
		return err
	}
	if !bytes.Equal(read.Sum(nil), written.Sum(nil)) {
		return errReadBack
	}
	return nil
}

// tempPrefix is how the names of temporary files in the place of a file begin.
func tempPrefix(path string) string {
	return filepath.Join(filepath.Dir(path), ".addrbook-"+filepath.Base(path)+"-")
}

// sweep removes temporary files that a crash has left. Nobody else may write the file
// at the same time.
func sweep(path string) error {
	prefix := filepath.Base(tempPrefix(path))
	list, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return err
	}
	for _, e := range list {
		if rest, ok := strings.CutPrefix(e.Name(), prefix); ok && len(rest) == len(rand.Text()) && e.Type().IsRegular() {
			if err := os.Remove(filepath.Join(filepath.Dir(path), e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
		}
	}
	return nil
}

// syncDir makes a directory's entries last. Windows and some file systems cannot.
func syncDir(path string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(path)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EINVAL) {
		return err
	}
	return nil
}

// openRegular opens a file to read it, if it is one and not beyond max bytes.
func openRegular(path string, max int64) (*os.File, error) {
	fi, err := os.Stat(path) // before opening, which waits for a writer at a named pipe
	if err != nil {
		return nil, err
	}
	switch {
	case !fi.Mode().IsRegular():
		return nil, &fs.PathError{Op: "read", Path: path, Err: errIrregular}
	case max > 0 && fi.Size() > max:
		return nil, &fs.PathError{Op: "read", Path: path, Err: fmt.Errorf("more than %d bytes", max)}
	}
	return os.Open(path)
}
