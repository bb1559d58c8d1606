// Package addrbook turns names under .i2p into addresses: whole destinations, or base32
// names, plain or encrypted, where no more is known. A [Book] asks its sources in the
// order of trust: the user's own entries in hosts files, then subscriptions to feeds,
// and the router last, if at all.
//
//	own, err := addrbook.OpenFile("hosts.txt")
//	if err != nil {
//		return err
//	}
//	book := &addrbook.Book{Sources: []addrbook.Source{own}}
//	feed := &addrbook.Subscription{
//		URL:    "http://shx5vqsw7usdaunyzr2qmes2fq37oumybpudrd4jjj4e4vk4uusa.b32.i2p/hosts.txt",
//		Path:   "feed.json",
//		Dialer: endpoint, // or anything else that dials through I2P alone
//		Book:   book,
//	}
//	book.Sources = append(book.Sources, feed)
//	go feed.Run(ctx)
//	a, err := book.Lookup(ctx, "example.i2p")
//
// The destination that is first known for a name stays. Another one is refused and
// shown to the program as a [ConflictError], unless the known destination has signed
// the name over, or a source that is trusted more says so, as the user's own entries
// do. Dots say nothing about ownership: a.example.i2p may belong to somebody else than
// example.i2p.
//
// Several programs may share the files of a book: see [File] and [Subscription].
// Identities must not share a book that learns: see [Book.Local].
//
// [ParseHosts] reads hosts.txt strictly, [ReadHosts] also leniently and with all that
// is in it, [HostsLines] in constant memory. [Record] is a line of a feed with its
// signatures. [ReadJava], [ReadI2PD] and [Merge] exchange books with routers. [Jump] and [ParseAddressHelper] return a [Proposal], which the program may
// take over or not. Which names there may be is the business of the package i2phost
// beneath; i2pidn converts international ones.
//
// # What it refuses to do
//
// It never asks a name server, and goes to the network only through the dialer that
// the program gives it, and only to hosts in I2P; no proxy, environment or verifier of
// the system has a say. It never takes an error for an absence: a source that fails
// ends the search, and a file that is gone is no empty one. It replaces no file before
// what it has written was read back. It adds nothing on the word of a jump
// service or a link. It does not publish a book, and does not write in the database of
// a Java router. It does not hide that a feed is visited: see [Subscription].
package addrbook
