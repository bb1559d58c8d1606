// Package sam reaches I2P through a router's SAM v3 bridge. A [Session] is one identity: a dialer,
// a listener and a resolver that live as long as the program wants, whatever the router does.
//
// i2pd and Java I2P read SAM differently, and each has traps in which data, sessions or the router
// itself are lost. Which one answers is learnt when a session starts; the package keeps to what it
// can bear:
//
//   - A command is one line in one write, without quotes, and nothing is sent behind it before its answer.
//     Names are checked before, so that none can add a word or a line.
//   - Signature type, encryption type, tunnel lengths and quantities are always stated, within
//     bounds: i2pd crashes on values it does not know.
//   - A session that i2pd gives out at once still belongs to the one before it, and would
//     die with it: it is given back, and asked for again later.
//   - On i2pd one ACCEPT waits at a time; on Java I2P several do, and none is ever given up.
//   - A stream has no half-close: closing one direction over SAM ends both.
//   - i2pd throws away what a slow reader has not taken when the peer closes, so streams
//     are read ahead, up to Session.ReadAhead and within Session.Budget. A reader that let more wait than
//     that is told in the end, if nothing comes any more, that something may be lost.
//   - A closed stream stays open behind the scenes until the router has taken what was written,
//     and on i2pd, which loses the end of what is closed too fast, for a second after its last write.
//
// A router that hangs, is cut off or was gone when a suspended machine woke up closes nothing. It is
// asked for a sign of life when it was silent for a minute or the clock has jumped, and the session
// is over when there is none in 30 s, whatever it is for, and with it its streams. What is over is made
// anew, ever less often if it ends at once, but every few seconds while somebody waits for it.
//
// With Session.Fallbacks an identity moves between routers, and is never given to two at once: the
// next router is asked only after the session before was closed, or was never made, and some
// seconds for the old router to forget it. A router that says the identity is in use is waited for
// instead. A router that hangs, or can no longer be reached, may hold a session until it
// finds its client gone, as it does at once when it goes on; nobody can tell from here.
//
// What a session asks of a router is checked first: a value that some router crashes on, never
// answers or reads in another way is an [*OptionError], and no router hears of it. A [LeaseSet] can
// hide a service from all but those who know its name, or have a key.
//
// [Session.ListenPacket] is for datagrams. Each [PacketConn] is a session and an identity of its
// own, as i2pd cannot run one identity twice. Java I2P can, in the subsessions of a PRIMARY session:
// Session.Primary asks for that. Java I2P keeps the subsessions that outlive their session until it
// ends itself, so each is removed before; nobody can when the connection is lost. Over UDP the
// package sends to the router alone, on loopback, and takes packets from it alone.
//
// The package never dials anything but its bridges, never asks the system resolver, never logs a
// command, a name, a password or a key, and shows none in a Session that is printed. SAM is not
// encrypted, and on i2pd not protected by a password: whoever can reach the bridge can use the
// router, so keep it on loopback or on a unix socket. A port that the router leaves anybody may take: before a key or a
// password is sent, the kernel of this machine is asked whose the other end is, which must be root, the user of
// this program, or the user that it was at first; see [dialer.OwnerError]. That is known on Linux, of loopback and unix sockets,
// and not of connections that DialBridge makes. Sessions that share [dialer.Owners] know it together.
package sam
