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
// Keys are made here, not by the router: a router may fall back to an old
// signature type without saying so.
//
// # What it refuses to do
//
// It never talks to a router and never touches the network. It does not print
// secrets: an identity shows its host name under every fmt verb, in slog, in
// encoding/json and inside other structs; [Identity.Reveal] is the only way
// out. It does not repair, guess or complete: a key that is malformed, of a
// kind that routers refuse or crash on, or whose halves do not belong together
// is an error before a router sees it. It never overwrites an identity, and
// never makes a new one because an old one could not be read.
//
// Secrets live in ordinary memory; Go cannot promise to wipe them. Files are
// protected by their permissions only.
package keys
