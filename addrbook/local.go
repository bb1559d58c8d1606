package addrbook

// Local returns a Book of the program's own entries: the [*File]s and [*Hosts] among the Sources, including those of
// nested *Books, in the same order. Subscriptions, the router, other sources, and what b remembers are left out. The
// files are shared, so that a changed entry appears in both.
//
// It is for identities that must not be linked. A feed can give each subscriber a different destination for a name,
// and so recognise all who connect to it; and the time that an answer takes, of a book that remembers or asks others,
// shows what was looked up before. A local Book answers from the program's entries only, and no lookup changes
// anything that it shares with b or another local Book, but for the index of [Book.LookupGarliCat]: that it is there tells
// that somebody has looked up a GarliCat address since an entry changed.
func (b *Book) Local() *Book {
	b.mu.Lock()
	if b.local == nil {
		b.local = new(garlicIndex)
	}
	local := &Book{garlic: b.local, local: b.local}
	b.mu.Unlock()
	for _, s := range b.Sources {
		switch s := s.(type) {
		case *File, *Hosts:
			local.Sources = append(local.Sources, s)
		case *Book:
			local.Sources = append(local.Sources, s.Local())
		}
	}
	return local
}
