package keys_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

var errDisk = errors.New("disk on fire")

// failure says how an operation of the file system fails.
type failure int

const (
	failBefore failure = iota // an error, and nothing was done
	failAfter                 // an error, though it was done
	crash                     // the process ends: every later operation fails as well
	powerLoss                 // and what was not flushed is gone: data and directory entries
	reordered                 // the same, but some entries, and the very last, came to the disk before others
)

func (f failure) String() string {
	return [...]string{"fail before", "fail after", "crash", "power loss", "reordered"}[f]
}

// faults is a file system in which operation number at fails, counted from 0, and
// the row after it; each stretch of a write counts as one.
type faults struct {
	keys.Files
	path    string
	how     failure
	at, row int
	stretch int // bytes

	steps    int
	dead     bool
	unsynced map[string]bool // files with data that is not on the disk
	undo     []func() error  // what takes back the entries that are not on the disk
}

func newFaults(path string, how failure, at, stretch int) *faults {
	return &faults{path: path, how: how, at: at, stretch: stretch, unsynced: make(map[string]bool)}
}

func (f *faults) wrap(real keys.Files) keys.Files { f.Files = real; return f }

// step counts an operation; do is false if it must not happen.
func (f *faults) step() (do bool, err error) {
	if f.dead {
		return false, errDisk
	}
	f.steps++
	if n := f.steps - 1; n < f.at || n > f.at+f.row {
		return true, nil
	}
	f.dead = f.how >= crash
	return f.how == failAfter, errDisk
}

// try runs an operation that changes nothing on the disk.
func (f *faults) try(op func() error) error {
	do, err := f.step()
	if do {
		err = errors.Join(op(), err)
	}
	return err
}

// change runs one that changes an entry, and remembers how to take that back.
func (f *faults) change(op, undo func() error) error {
	return f.try(func() error {
		err := op()
		if err == nil {
			f.undo = append(f.undo, undo)
		}
		return err
	})
}

// spare keeps what is called name for an undo, if there is anything.
func (f *faults) spare(name string) func() error {
	backup := f.path + "." + strconv.Itoa(len(f.undo)) + "-" + strconv.Itoa(f.steps)
	if os.Link(filepath.Join(f.path, name), backup) != nil {
		return func() error { return nil }
	}
	return func() error { return os.Rename(backup, filepath.Join(f.path, name)) }
}

// losePower leaves on the disk only what was flushed to it.
func (f *faults) losePower(t *testing.T) {
	f.dead = true
	for name := range f.unsynced {
		if err := os.Truncate(filepath.Join(f.path, name), 0); !errors.Is(err, fs.ErrNotExist) {
			require.NoError(t, err)
		}
	}
	if f.how == reordered && len(f.undo) > 0 {
		f.undo = f.undo[f.at%2*len(f.undo)/2 : len(f.undo)-1]
	}
	for i := len(f.undo) - 1; i >= 0; i-- {
		if err := f.undo[i](); !errors.Is(err, fs.ErrNotExist) {
			require.NoError(t, err)
		}
	}
}

func (f *faults) remove(name string) func() error {
	return func() error { return os.Remove(filepath.Join(f.path, name)) }
}

func (f *faults) Link(from, to string) error {
	return f.change(func() error { return f.Files.Link(from, to) }, f.remove(to))
}

func (f *faults) Rename(from, to string) error {
	old, back := f.spare(to), filepath.Join(f.path, from)
	return f.change(func() error { return f.Files.Rename(from, to) }, func() error {
		if err := os.Rename(filepath.Join(f.path, to), back); err != nil {
			return err
		}
		return old()
	})
}

func (f *faults) Remove(name string) error {
	return f.change(func() error { return f.Files.Remove(name) }, f.spare(name))
}

func (f *faults) Chtimes(name string, a, m time.Time) error {
	return f.try(func() error { return f.Files.Chtimes(name, a, m) })
}

func (f *faults) Lstat(name string) (fi fs.FileInfo, err error) {
	err = f.try(func() error { fi, err = f.Files.Lstat(name); return err })
	return fi, err
}

func (f *faults) ReadDir() (list []fs.DirEntry, err error) {
	err = f.try(func() error { list, err = f.Files.ReadDir(); return err })
	return list, err
}

func (f *faults) OpenFile(name string, flag int, perm fs.FileMode) (keys.File, error) {
	var real keys.File
	open := func() (err error) { real, err = f.Files.OpenFile(name, flag, perm); return err }
	var err error
	if flag&os.O_CREATE != 0 {
		err = f.change(open, f.remove(name))
	} else {
		err = f.try(open)
	}
	if err != nil {
		if real != nil {
			real.Close()
		}
		return nil, err
	}
	return &faultyFile{real, f, name}, nil
}

type faultyFile struct {
	keys.File
	f    *faults
	name string
}

func (h *faultyFile) Read(p []byte) (n int, err error) {
	n, err = h.File.Read(p)
	if do, fault := h.f.step(); !do {
		return n / 2, fault
	}
	return n, err
}

func (h *faultyFile) Write(p []byte) (n int, err error) {
	h.f.unsynced[h.name] = true
	for len(p) > 0 && err == nil {
		part := p[:min(len(p), h.f.stretch)]
		err = h.f.try(func() error { _, err := h.File.Write(part); return err })
		n, p = n+len(part), p[len(part):]
	}
	return n, err
}

func (h *faultyFile) Chmod(mode fs.FileMode) error {
	return h.f.try(func() error { return h.File.Chmod(mode) })
}

func (h *faultyFile) Stat() (fi fs.FileInfo, err error) {
	err = h.f.try(func() error { fi, err = h.File.Stat(); return err })
	return fi, err
}

// Sync does not wait for the real disk: the loss of power is played too.
func (h *faultyFile) Sync() error {
	return h.f.try(func() error {
		delete(h.f.unsynced, h.name)
		if h.name == "." {
			h.f.undo = nil
		}
		return nil
	})
}

// Close closes in any case, as the end of a process would.
func (h *faultyFile) Close() error {
	err := h.File.Close()
	_, fault := h.f.step()
	return errors.Join(err, fault)
}
