// Package i2phost checks and normalises the host that somebody asks for, before
// anything else sees it. Its one constructor, [Parse], turns text from outside
// into a [Host], and a Host holds nothing that could reach a router as a second
// command, be looked up elsewhere, or mean two things.
//
//	host, err := i2phost.Parse("Stats.I2P.")
//	// host.Kind() == i2phost.Name, host.String() == "stats.i2p"
//
// There are four kinds: a [Name] to be looked up in an address book, the hash
// of a destination ([Base32]), the blinded key of an encrypted lease set
// ([EncryptedBase32]) and a whole destination ([Base64]).
//
// # What it refuses to do
//
// It never looks anything up. It repairs nothing but letter case, one trailing
// dot and the ".alt" of RFC 9476. It takes no address of the Internet, in
// whatever notation, and no name outside .i2p: those are [ErrNotI2P], all else
// that is refused is [ErrMalformed]. It does not convert international names;
// they must come in their "xn--" form. It does not judge whether a destination
// makes sense, only that its text is canonical base64.
//
// Dots in a name say nothing about ownership: a.example.i2p may belong to
// somebody else than example.i2p.
package i2phost
