// Package i2cp is a backend that speaks I2CP to an I2P router and makes the streams itself: a second door beside
// package dialer/sam, with the same shape and promises.
//
//	s := &i2cp.Session{} // a fresh identity at 127.0.0.1:7654
//	defer s.Close()
//	conn, err := s.DialContext(ctx, "tcp", "stats.i2p:80")
//	ln, err := s.Listen(ctx, "tcp", ":80")
//	pc, err := s.ListenPacket(ctx, "udp", ":53")
//
// A [Session] is a [dialer.Backend]: one I2P identity that dials, listens and sends datagrams, kept up across
// failures of the router.
//
// # Which door
//
// What this one has over SAM: the signing key never leaves the process, and need not be in it ([keys.Signer]); the router is
// given encryption keys that are fresh at each start. A dial succeeds when the peer has answered, and only then. Nothing is
// lost at the end of a stream, however slow its reader, and the end of a stream that was cut is told from one in order. There
// are ports in both directions on every router, many listeners on one identity, and datagrams of all kinds beside
// streams. A stream takes no descriptor and no goroutine, and outlives a router that is started again within [Outage].
//
// What it costs: on i2pd a client cannot choose its tunnels as i2pd's own streams do, so that a tunnel that dies takes
// some seconds more to be noticed; up to 2.58 the first message to a peer that gets lost, or crosses one of the peer's, costs
// two minutes, in which dials and streams wait; there is no back-pressure, so that windows are bounded here; and encrypted base32
// names cannot be looked up ([ErrEncryptedHost]), though they can be hosted. i2pd has I2CP switched off unless its
// configuration says [i2cp] enabled=true; Java I2P has it switched on, and SAM off. So SAM is the better door to i2pd today,
// and this one to Java I2P.
//
// # Routers
//
// It is tested with i2pd 2.56 and 2.59, between real routers and with programs that speak SAM, and with all that was observed
// of Java I2P 2.8 as package i2cptest plays it. Each session has a connection of its own: i2pd takes one on each, and what
// more Java I2P takes has the same tunnels, which would link the identities. A router goes unanswered for a
// minute, and half a minute after it was asked for a sign of life, before it counts as gone.
//
// # What it refuses to do
//
// It dials nothing but the router, looks no name up but there, and never falls back to another way. It sends no
// payload over 61,440 bytes, which can abort i2pd. It asks no router for ML-KEM that may crash on it. It takes a peer for
// who it says it is when it has signed, with the exceptions that [Session.ListenPacket] names. It has no meta lease sets,
// no lease sets of the old kinds, and no secrets in encrypted names.
//
// All programs of a machine can reach an I2CP port that is not protected by a password, as they can SAM's.
package i2cp
