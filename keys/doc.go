// Package keys implements destinations, identities and stores for them. A [Destination] is the public name of an I2P
// endpoint, an [Identity] adds the private keys that make an endpoint be that name. [Dir] and [Memory] are stores.
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
// A [Signer] can sign for a destination: an Identity, or another holder of the signing key, possibly outside the
// process. [Destination.Verify] checks signatures. A [LeaseSetKey] gives a client access to an encrypted lease set.
//
// Keys are generated here, not by the router, which may silently use an old signature type. [Import] and [Export]
// exchange them with routers and other programs. Both stores also implement [Archive], which keeps identities that
// were replaced or retired until they are purged, and [Labeler].
//
// Files are not encrypted and are protected by their permissions, unless the directory is opened with a [Sealer]: see
// [OpenSealedDir], [Dir.Reseal] and package keys/ageseal. An encrypted identity is bound to its name, and the
// directory has an index of its files: someone who can write to it, but has no passphrase, cannot swap files or
// restore an earlier one. [Dir] says what cannot be detected.
//
// # What it refuses to do
//
// It never talks to a router and never uses the network. It does not print secrets: an identity shows its host name
// with every fmt verb, in slog, in encoding/json and inside other structs; [Identity.Reveal], [Identity.RevealSAM]
// and [Export] are the only ways to get its secret. It does not guess or complete keys, and repairs only what
// [FormatI2PKeysDamaged] describes: a key that is malformed, of a kind that routers refuse or crash on, or whose
// halves do not match is an error before a router sees it. It never overwrites an identity, and never generates a new
// one because an old one could not be read.
//
// It never mixes plain and encrypted files in one directory, and never saves with a passphrase other than the
// directory's. Before an encrypted file replaces another one it is decrypted again and compared.
//
// Secrets are in ordinary memory; Go cannot guarantee to wipe them.
package keys
