package addrbook

import (
	"context"
	"fmt"
	"io"
	"iter"
	"sync"
)

// File is a hosts file on disk that belongs to the program or its user: the own entries of a [Book]. Its entries take
// effect even if they change. It is a [Source]. All methods may be called by several goroutines at once.
//
// Changes are atomic and on the disk when the method returns: the file has mode 0600, and what was written has been
// read back. Several programs may change one file: they use a lock on a file beside it, whose name ends in ".lock",
// and wait for it up to 20 s, then fail with [ErrLocked]. Before a change the file is read again, as by
// [File.Reload], so that no change of another program is lost; lookups see such changes only then. If the file has
// disappeared the error is [ErrGone].
type File struct {
	path string // empty for one in memory, which only holds pins

	changing chan struct{} // holds a value while the disk is read or written
	stamp    stamp         // of what was read, guarded by changing

	mu      sync.RWMutex // guards the rest, and is never held for long
	hosts   *Hosts
	version uint64
}

// OpenFile reads a hosts file strictly: see [ParseHosts]. A file that does not exist, and never did, counts as empty
// and is created by the first change.
func OpenFile(path string) (*File, error) {
	f := &File{path: path, changing: make(chan struct{}, 1)}
	if err := f.Reload(); err != nil {
		return nil, err
	}
	return f, nil
}

// Reload reads the file again. If that fails, the earlier contents remain in effect.
func (f *File) Reload() error {
	f.changing <- struct{}{}
	defer func() { <-f.changing }()
	return f.reload()
}

func (f *File) reload() error {
	file, err := openKept(f.path, 0, f.stamp != nil)
	if err != nil {
		return err
	}
	if file == nil {
		f.take(new(Hosts), nil)
		return nil
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
	f.take(hosts, stamp)
	return nil
}

func (f *File) take(hosts *Hosts, s stamp) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hosts, f.stamp = hosts, s
	f.version++
}

// Lookup implements [Source]. It does not block.
func (f *File) Lookup(ctx context.Context, name string) (Address, error) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.hosts.Lookup(ctx, name)
}

// All yields the names and addresses in the order of the file, as of the start of the iteration.
func (f *File) All() iter.Seq2[string, Address] {
	return func(yield func(string, Address) bool) {
		f.mu.RLock()
		hosts := f.hosts
		f.mu.RUnlock()
		hosts.All()(yield)
	}
}

func (f *File) len() int {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.hosts.Len()
}

// Version implements [Lister].
func (f *File) Version() uint64 {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.version
}

// Vouches implements [Voucher]: the owner may change its entries.
func (f *File) Vouches(string, Address) bool { return true }

// Add is [Hosts.Add].
func (f *File) Add(name string, a Address) error {
	return f.Update(func(h *Hosts) error { return h.Add(name, a) })
}

// Set is [Hosts.Set].
func (f *File) Set(name string, a Address) error {
	return f.Update(func(h *Hosts) error { return h.Set(name, a) })
}

// Remove is [Hosts.Remove].
func (f *File) Remove(name string) error {
	return f.Update(func(h *Hosts) error { return h.Remove(name) })
}

// Update makes any number of changes atomically. If change fails, nothing is changed. change must not keep h, nor
// change the file otherwise.
func (f *File) Update(change func(h *Hosts) error) error {
	return f.update(context.Background(), change)
}

// update is Update that waits for others no longer than ctx.
func (f *File) update(ctx context.Context, change func(h *Hosts) error) error {
	if f.path == "" {
		return f.updateMemory(change)
	}
	select {
	case f.changing <- struct{}{}:
		defer func() { <-f.changing }()
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	unlock, err := lockPath(ctx, f.path, nil, f.stamp != nil)
	if err != nil {
		return err
	}
	defer unlock()
	now, err := stampOf(f.path)
	if err != nil {
		return err
	}
	if now == nil || !sameStamp(now, f.stamp) {
		if err := f.reload(); err != nil {
			return err
		}
	}
	next := f.hosts.clone() // which changes under the lock alone
	was := next.version
	if err := change(next); err != nil || next.version == was {
		return err
	}
	return f.write(next)
}

// updateMemory makes one change, in place.
func (f *File) updateMemory(change func(h *Hosts) error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	return change(f.hosts)
}

func (f *File) write(next *Hosts) error {
	err := writeFile(replacement{path: f.path, write: next.writeTo, check: next.check})
	if err != nil {
		return err
	}
	now, err := stampOf(f.path)
	f.take(next, now)
	return err
}

// Format prints the type alone, whatever the verb.
func (f *File) Format(w fmt.State, _ rune) { io.WriteString(w, "addrbook.File") }
