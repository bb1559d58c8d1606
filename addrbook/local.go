package addrbook

// Local returns a Book of what the host program itself says: the [*File]s and [*Hosts]
// among the Sources, and what is such in a [*Book] among them, in the same order. All
// else is left out: subscriptions, the router, sources of other types, and what b
// remembers. The files are the same, so that a change of an entry shows in both.
//
// It is for identities that must not be linked. A feed can give each of its
// subscribers another destination for a name, and so know all that go there; a book
// that asks somebody or remembers shows by the time of an answer what others have
// looked up. A local Book answers from the host's entries alone, and shares nothing
// that a lookup changes, neither with b nor with another local Book of it.
func (b *Book) Local() *Book {
	local := new(Book)
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
