package addrbook

// maxEntries is how many bytes the entries of a feed may take, about as they are kept
// in its file. A feed that is full learns of no further names and destinations; owners
// can still move and remove what they have.
const maxEntries = 32 << 20

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
