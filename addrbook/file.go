package addrbook

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"iter"
	"os"
	"sync"

	"github.com/go-i2p/i2psocks/keys"
)

// File is a hosts file on disk that belongs to the host program or its user: the
// own entries of a [Book]. What it says counts, also where it changes. It is a
// [Source]. All methods may be called by several goroutines at once.
//
// A change is on the disk when the method returns, in one step: the file is the
// old one or the new one, whole, with mode 0600. One program at a time may change
// a file; what others have written since the last read is read again before a
// change, not in the midst of one.
type File struct {
	path string

	mu      sync.RWMutex
	hosts   *Hosts
	stamp   fs.FileInfo // of what was read; nil for none
	version uint64
}

// OpenFile reads a hosts file, strictly: see [ParseHosts]. A file that does not
// exist is an empty one, which the first change makes.
func OpenFile(path string) (*File, error) {
	f := &File{path: path}
	if err := f.Reload(); err != nil {
		return nil, err
	}
	return f, nil
}

// Reload reads the file again. If that fails, what was read before still counts.
func (f *File) Reload() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.reload()
}

func (f *File) reload() error {
	file, err := openRegular(f.path, 0)
	if errors.Is(err, fs.ErrNotExist) {
		f.hosts, f.stamp = new(Hosts), nil
		f.version++
		return nil
	}
	if err != nil {
		return err
	}
	defer file.Close()
	stamp, err := file.Stat()
	if err != nil {
		return err
	}
	hosts, err := ReadHosts(file, nil)
	if err != nil {
		return err
	}
	f.hosts, f.stamp = hosts, stamp
	f.version++
	return nil
}

// Lookup implements [Source]. It never waits.
func (f *File) Lookup(ctx context.Context, name string) (keys.Destination, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.hosts.Lookup(ctx, name)
}

// All yields the names and destinations in the order of the file, as they are
// when the iteration begins.
func (f *File) All() iter.Seq2[string, keys.Destination] {
	return func(yield func(string, keys.Destination) bool) {
		f.mu.RLock()
		hosts := f.hosts
		f.mu.RUnlock()
		hosts.All()(yield)
	}
}

// Version implements [Lister].
func (f *File) Version() uint64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.version
}

// Vouches implements [Voucher]: the owner may change what is his.
func (f *File) Vouches(string, keys.Destination) bool { return true }

// Add is [Hosts.Add].
func (f *File) Add(name string, d keys.Destination) error {
	return f.Update(func(h *Hosts) error { return h.Add(name, d) })
}

// Set is [Hosts.Set].
func (f *File) Set(name string, d keys.Destination) error {
	return f.Update(func(h *Hosts) error { return h.Set(name, d) })
}

// Remove is [Hosts.Remove].
func (f *File) Remove(name string) error {
	return f.Update(func(h *Hosts) error { return h.Remove(name) })
}

// Update makes any number of changes in one step. If change fails, nothing is
// changed. change must not keep h.
func (f *File) Update(change func(h *Hosts) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.changedOutside() {
		if err := f.reload(); err != nil {
			return err
		}
	}
	next := f.hosts.clone()
	if err := change(next); err != nil {
		return err
	}
	err := writeFile(f.path, func(w io.Writer) error { _, err := next.WriteTo(w); return err })
	if err != nil {
		return err
	}
	f.hosts = next
	f.version++
	f.stamp, err = os.Stat(f.path)
	return err
}

func (f *File) changedOutside() bool {
	now, err := os.Stat(f.path)
	if err != nil || f.stamp == nil {
		return !(f.stamp == nil && errors.Is(err, fs.ErrNotExist))
	}
	return !os.SameFile(now, f.stamp) || now.Size() != f.stamp.Size() || !now.ModTime().Equal(f.stamp.ModTime())
}
