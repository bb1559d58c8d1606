package addrbook

// maxBytes is how many bytes the entries of a feed may take, about as they are kept in
// its file, unless the program says otherwise.
const maxBytes = 32 << 20

// maxState bounds the file that is read: what owners do with a feed that is full comes
// on top, and the program may have allowed more before.
func (s *Subscription) maxState() int64 { return 4 * int64(max(s.MaxBytes, maxBytes)) }

// size is about how many bytes an entry takes in the file.
func (e *feedEntry) size(name string) int {
	if e == nil {
		return 0
	}
	n := 100 + len(name) + len(e.Record)
	for _, d := range e.Dests {
		n += len(d.Base64()) + 3
	}
	for _, f := range e.Former {
		n += len(f) + 3
	}
	for action := range e.Dates {
		n += len(action) + 15
	}
	return n
}

// measure adds the size of what was changed.
func (a *applier) measure() {
	for name := range a.changed {
		a.size += a.entries[name].size(name)
	}
	clear(a.changed)
}

func (a *applier) full() bool { return a.size >= a.maxSize }
