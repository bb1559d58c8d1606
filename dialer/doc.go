// Package dialer defines what all backends share: the [Backend] interface, addresses ([Addr]), states ([Status]) and
// errors (the Err values).
//
// A backend is one I2P identity. The default one is [sam.Session], which speaks SAM v3 to a router; programs may
// implement their own. [Isolated] keeps one backend for each isolation key and refuses a key rather than let two keys
// share one. [Split] combines a backend with a dialer for addresses outside I2P.
//
// The package is independent of SOCKS. Its errors match values of the standard library, so that a SOCKS server can
// choose a reply code without importing it: see each Err value. Dials and listens return them in a *net.OpError whose
// Net is "i2p".
//
// A backend refuses, with [ErrNotI2P], every address outside I2P. It never uses the system resolver and dials nothing
// but its router.
//
// [sam.Session]: https://pkg.go.dev/github.com/go-i2p/i2psocks/dialer/sam#Session
package dialer
