// Package addrbook maps names under .i2p to addresses: destinations, or base32 names, plain or encrypted, if only
// these are known. A [Book] asks its sources in order of trust: the user's own entries in hosts files, then
// subscriptions to feeds, and optionally the router last.
//
//	own, err := addrbook.OpenFile("hosts.txt")
//	if err != nil {
//		return err
//	}
//	book := &addrbook.Book{Sources: []addrbook.Source{own}}
//	feed := &addrbook.Subscription{
//		URL:    "http://shx5vqsw7usdaunyzr2qmes2fq37oumybpudrd4jjj4e4vk4uusa.b32.i2p/hosts.txt",
//		Path:   "feed.json",
//		Dialer: endpoint, // or another dialer that reaches I2P only
//		Book:   book,
//	}
//	book.Sources = append(book.Sources, feed)
//	go feed.Run(ctx)
//	a, err := book.Lookup(ctx, "example.i2p")
//
// The first destination known for a name stays. Another one is refused and reported as a [ConflictError], unless the
// known destination has signed the change, or a more trusted source, such as the user's own entries, says so.
// Subdomains imply no ownership: a.example.i2p may belong to somebody else than example.i2p.
//
// Several programs may share the files of a book: see [File] and [Subscription]. Identities that must not be linked
// must not share a book that learns: see [Book.Local].
//
// [ParseHosts] reads hosts.txt strictly; [ReadHosts] can skip bad lines and preserves the whole file; [HostsLines]
// uses constant memory. [Record] is a line of a feed with its signatures. [ReadJava], [ReadI2PD] and [Merge] exchange
// address books with routers. [Jump] and [ParseAddressHelper] return a [Proposal], which the program may accept.
// Package i2phost defines the valid names, and package i2pidn converts international ones.
//
// # What it refuses to do
//
// It never uses DNS. It uses the network only through the dialer that the program gives it, and only for hosts in
// I2P; no proxy, environment variable or system certificate verifier has any effect. An error is never treated as
// absence of a name: a source that fails ends the search, and a file that is missing is not an empty file. A file is
// replaced only after what was written was read back. Nothing is added because of a jump service or a link. It does
// not publish a book and does not write to the database of a Java router. It cannot hide that a feed is fetched: see
// [Subscription].
package addrbook
