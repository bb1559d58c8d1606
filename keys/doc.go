// Package keys holds the two values that everything else is built on: a
// [Destination], the public name of an I2P endpoint, and an [Identity], the
// secret that makes an endpoint be that name, and the places to keep
// identities, [Dir] and [Memory].
//
//	dir, err := keys.OpenDir(stateDir)
//	if err != nil {
//		return err
//	}
//	defer dir.Close()
//	id, err := keys.LoadOrGenerate(ctx, dir, "mybot")
//	if err != nil {
//		return err
//	}
//	fmt.Println(id) // its host name, never the secret
//
// A [Signer] is who can sign for a destination: an Identity, or somebody outside the process who
// has the signing key. [Destination.Verify] checks what was signed.
//
// Beside them a [LeaseSetKey] is what lets a client into an encrypted lease set.
//
// Keys are made here, not by the router: a router may fall back to an old
// signature type without saying so. [Import] and [Export] exchange them with
// routers and other programs. Both stores are an [Archive] too, which keeps
// what is rotated out or retired until it is told to forget it, and a [Labeler].
//
// Files are plain, and protected by their permissions, unless the directory is
// opened with a [Sealer]: see [OpenSealedDir], [Dir.Reseal] and package
// keys/ageseal. What is sealed belongs to its name, and an encrypted directory knows its files: who can write
// it, but has no passphrase, cannot swap them or put an earlier one back. [Dir] says what cannot be noticed.
//
// # What it refuses to do
//
// It never talks to a router and never touches the network. It does not print
// secrets: an identity shows its host name under every fmt verb, in slog, in
// encoding/json and inside other structs; [Identity.Reveal], [Identity.RevealSAM] and [Export] are
// the only ways out. It does not guess or complete, and repairs only what
// [FormatI2PKeysDamaged] names: a key that is malformed, of a kind that routers
// refuse or crash on, or whose halves do not belong together is an error before
// a router sees it. It never overwrites an identity, and never makes a new one
// because an old one could not be read.
//
// It never mixes plain and encrypted files in one directory, and never saves
// under a passphrase that is not the directory's. It gives up nothing for what it has sealed before it has
// opened that again.
//
// Secrets live in ordinary memory; Go cannot promise to wipe them.
package keys
