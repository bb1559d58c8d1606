// Package dialer is the vocabulary that every way into I2P shares: what a
// [Backend] can do, how it names an address ([Addr]), how it says how it is
// ([Status]) and why something failed (the Err values).
//
// A backend is one I2P identity. The default one is [sam.Session], which
// speaks SAM v3 to a router. Hosts may bring their own. [Isolated] keeps a
// backend for each isolation key; it refuses a key rather than let two share. [Split] joins
// one with a dialer of the host for what is outside I2P.
//
// The package knows nothing of SOCKS. Its errors match values of the standard
// library, so that a SOCKS server can choose a reply code without knowing this
// package: see each Err value. Dials and listens return them inside a
// [*net.OpError] whose Net is "i2p".
//
// A backend refuses, with [ErrNotI2P], every address outside I2P. It never
// asks the system resolver and never dials anything but its router.
//
// [sam.Session]: https://pkg.go.dev/github.com/go-i2p/i2psocks/dialer/sam#Session
package dialer
