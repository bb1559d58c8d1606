// Package ageseal encrypts the files of a [keys.Dir] with age
// (https://age-encryption.org/v1), for a passphrase or for age keys. Each file
// is an ordinary age file: "age -d mybot.key" shows what is in it, and [keys.Import] reads that.
//
//	s, err := ageseal.Passphrase(passphrase)
//	if err != nil {
//		return err
//	}
//	dir, err := keys.OpenSealedDir(ctx, stateDir, s)
//
// It is a package of its own so that programs with plain key files do not link
// age.
//
// # What it refuses to do
//
// It reads no passphrase from a terminal, a file or the environment, has no
// default one, and prints none: a [Sealer] shows nothing under any verb. It
// never encrypts to keys of which it has no identity, since nobody here could
// read the result. It opens no foreign file that costs more work than its own and
// more than the age command spends by default.
//
// Names of identities, times and sizes stay visible. Files for age keys, other
// than those for a passphrase, can be made by everyone who knows the recipient;
// that nobody else writes is what the permissions of the directory are for.
package ageseal
