// Package sam connects to I2P through the SAM v3 bridge of a router. A [Session] is one identity: a dialer, a
// listener and a resolver that outlive restarts of the router.
//
// i2pd and Java I2P implement SAM differently, and each loses data or sessions, or crashes, in certain situations.
// The package detects which router it talks to when a session starts, and avoids them:
//
//   - A command is one line in one write, without quotes, and nothing is sent after it before its answer. Names are
//     validated before, so that none can add a word or a line.
//   - Signature type, encryption type, tunnel lengths and quantities are always given, within bounds, because i2pd
//     crashes on values that it does not know.
//   - A session that i2pd creates instantly still belongs to an earlier session of the same identity and would end with
//     it. It is closed, and created again later.
//   - On i2pd one ACCEPT waits at a time; on Java I2P several do, and none is cancelled.
//   - Streams have no half-close: closing one direction over SAM closes both.
//   - i2pd discards what has not been read when the peer closes, so streams are read ahead, up to [Session.ReadAhead]
//     and within [Session.Budget]. If more than that was waiting, the last read returns an error which says that data
//     may be missing.
//   - A closed stream is kept open in the background until the router has taken what was written and, on i2pd, which
//     loses the end of a stream that is closed too soon, for one second after the last write.
//
// Each stream has a connection to the bridge of its own. While dials follow each other within a second, a connection on
// which HELLO has been exchanged is kept ready for the next one; if it is not used for a second it is closed.
//
// A router that hangs, is cut off, or disappeared while the machine was suspended does not close its connections.
// After a minute of silence, or a jump of the clock, it is asked for a reply. If none arrives within 30 s the session
// and its streams end. A session that has ended is created again, with increasing delays if it ends at once, but
// every few seconds while a caller waits for it.
//
// With [Session.Fallbacks] an identity moves between routers and is never given to two at once: the next router is
// used only after the earlier session was closed or was never created, and after some seconds in which the old router
// forgets it. A router that reports the identity as in use is waited for instead. A router that hangs or is
// unreachable may keep a session until it notices that its client is gone; this cannot be detected from here.
//
// i2pd keeps an identity for 5 s after its session was closed. A Session that uses the identity of another Session of
// this process, on any router, therefore starts 7 s after that one has ended on i2pd, and 1 s after it has ended on
// Java I2P; callers wait within their contexts. The same 7 s follow a start after which the router may have the
// session. Of a session of another process, such as this program before it was restarted, only its router tells: on
// the same router the next one waits as above, on another it does not, so that both routers may have the identity for
// up to 7 s.
//
// All settings are validated first: a value on which some router crashes, does not answer or does something else is
// an [*OptionError] and is never sent. A [LeaseSet] can hide a service from everyone who does not know its name, or
// does not have a key.
//
// [Session.ListenPacket] is for datagrams. Each [PacketConn] has a session and an identity of its own, because i2pd
// cannot run one identity twice. Java I2P can, in subsessions of a PRIMARY session: see [Session.Primary]. Java I2P
// keeps subsessions after their session has ended, so they are removed first; this is not possible if the connection
// is lost. Over UDP the package exchanges packets with the router only, on loopback.
//
// The package dials only its bridges and never uses the system resolver. It never logs commands, names, passwords or
// keys, and a Session that is printed shows none of them. SAM is not encrypted and has no password on i2pd: whoever
// can reach the bridge can use the router, so keep it on loopback or on a unix socket. When a router stops, any user
// can take over its port: before a key or a password is sent, the kernel is asked who owns the other end of the
// connection, which must be root, the user of this program, or the user that was seen first; see [dialer.OwnerError].
// This works on Linux, for loopback and unix sockets, but not for connections that DialBridge makes. Sessions can
// share this knowledge by [dialer.Owners].
package sam
