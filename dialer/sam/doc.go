// Package sam reaches I2P through a router's SAM v3 bridge. A [Session] is one identity: a dialer, a listener and
// a resolver that live as long as the program wants, whatever the router does.
//
// i2pd and Java I2P read SAM differently, and each has traps in which data, sessions or the router itself are lost. Which one
// answers is learnt when a session starts; the package keeps to what it can bear:
//
//   - A command is one line in one write, without quotes, and nothing is sent behind it before its answer.
//     Names are checked before, so that none can add a word or a line.
//   - Signature type, encryption type, tunnel lengths and quantities are always stated, within
//     bounds: i2pd crashes on values it does not know.
//   - A session that i2pd gives out at once still belongs to the one before it, and would die with it: it is given
//     back, and asked for again later.
//   - On i2pd one ACCEPT waits at a time; on Java I2P several do, and none is ever given up.
//   - A stream has no half-close: closing one direction over SAM ends both.
//   - i2pd throws away what a slow reader has not taken when the peer closes, so streams are read ahead, up to
//     Session.ReadAhead; and it loses the end of what is closed too fast, so a closed stream stays open behind the scenes for
//     a second after its last write.
//
// The package never dials anything but the bridge, never asks the system resolver, never logs a command, a name or a
// key. SAM is neither encrypted nor, on i2pd, protected by a password: whoever
// can reach the bridge can use the router, so keep it on loopback or on a unix socket.
package sam
