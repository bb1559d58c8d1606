// Package i2cp is a backend that speaks I2CP to an I2P router and implements streams in the process. It is an
// alternative to package dialer/sam with the same methods.
//
//	s := &i2cp.Session{} // a new identity at 127.0.0.1:7654
//	defer s.Close()
//	conn, err := s.DialContext(ctx, "tcp", "stats.i2p:80")
//	ln, err := s.Listen(ctx, "tcp", ":80")
//	pc, err := s.ListenPacket(ctx, "udp", ":53")
//
// A [Session] is a [dialer.Backend]: one I2P identity that dials, listens and sends datagrams, and is kept up across
// failures of the router.
//
// # I2CP or SAM
//
// Advantages over SAM: the signing key never leaves the process, and need not even be in it ([keys.Signer]); the
// router gets new encryption keys at each start. A dial succeeds only when the peer has answered. No data is lost at
// the end of a stream, however slow its reader, and a stream that was cut is distinguished from one that was closed.
// Ports work in both directions with every router; one identity can have many listeners, and all kinds of datagrams
// beside streams. A stream needs no descriptor and no goroutine, and survives a restart of the router within
// [Outage].
//
// Disadvantages, on i2pd: a client cannot choose tunnels as i2pd's own streams do, so a dead tunnel is noticed some
// seconds later. Up to i2pd 2.58, a first message to a peer that is lost, or crosses one from the peer, delays dials
// and streams by two minutes. There is no back-pressure, so windows are limited here. Encrypted base32 names can be
// hosted, but not for clients with a key only, and not looked up ([ErrEncryptedHost]). A peer that may be i2pd is told
// of the end of a stream 250 ms after it has acknowledged all data: its program might not learn of it otherwise.
// I2CP is disabled unless i2pd.conf has [i2cp] enabled=true; Java I2P enables I2CP by default, and SAM not. So SAM is
// the better choice for i2pd, and I2CP for Java I2P.
//
// # Routers
//
// The package is tested with i2pd 2.56 and 2.59, between real routers and with programs that use SAM, and with the
// simulation of Java I2P 2.8 in package i2cptest. Each session has a connection of its own: i2pd supports one session
// on each, and several sessions on a connection to Java I2P share tunnels, which would link the identities. A router
// that is silent for a minute is asked for a reply, and counts as gone after another half minute. A Session that uses
// the identity of another Session of this process starts 1 s after that one has ended, or 7 s if it used SAM on i2pd.
//
// # What it refuses to do
//
// It dials nothing but the router, looks up names only there, and has no fallback. It sends no payload over 61,440
// bytes, which can abort i2pd, and requests ML-KEM only from routers that do not crash on it. A peer's identity is
// verified by its signature, with the exceptions listed at [Session.ListenPacket]. There are no meta lease sets, no
// lease sets of the old kinds, and no secrets in encrypted names.
//
// Without a password, all programs of the machine can reach an I2CP port, as they can a SAM port.
package i2cp
