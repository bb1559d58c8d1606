// Package streaming is I2P's streaming protocol (protocol 6) as a machine: packets
// and time go in, packets and deadlines come out. It opens no socket, starts no
// goroutine, reads no clock and holds no key; with the same input it does the same again.
//
// An [Engine] is all streams of one destination. A session drives it:
//
//	e.Receive(now, sourcePort, destPort, packet) // for each packet from the router
//	for o, ok := e.Next(now, buf); ok; o, ok = e.Next(now, buf) {
//		o.Sign(signer) // when o.NeedsSignature, here or elsewhere
//		send(o)
//	}
//	for c, ok := e.Changed(); ok; c, ok = e.Changed() {
//		// wake who reads, writes, accepts or waits
//	}
//	at, ok := e.Deadline() // when to call Next again
//
// A router that cannot take more is not asked for more: packets that are not
// fetched from Next are neither under way nor lost. Signing may be slow or happen
// elsewhere: nothing waits for it but the packet itself.
//
// # What is and is not proven
//
// SYN, CLOSE and RESET are signed, and every signature is verified, as a router
// does not tell who has sent a message. Unsigned ones are refused, and a peer that
// answers a dial unsigned ends it. Data and acknowledgements are as trustworthy as
// the numbers of the stream, 64 random bits that only the two ends and their
// routers know; until who has called uses the number that we have chosen, mostly for
// one round trip, as the 32 bits of its own. What they claim is bounded: who
// acknowledges what was not sent is ignored.
//
// A SYN that names another receiver is refused (I2P proposal 164). The protocol
// has no time in it, so a SYN may be replayed to its receiver; as long as the
// stream is remembered, which is 5 minutes after its end, or until 1024 others
// have ended, that is noticed.
//
// # What it refuses to do
//
// It never sends a CLOSE with a SYN, data before the answer to its SYN, packets
// beyond what the peer's implementation keeps, or more than three times as many
// bytes to somebody unproven as that has sent, acknowledgements and RESETs included.
// It does not end a direction alone towards peers that would end both, unless told
// so; see [Stream.CloseWrite]. It answers no pings unless told so. It takes no port
// of an answer for more than it is: i2pd answers from port 0 whatever was dialled.
// The streaming profile (bulk or interactive) is an option of sessions, by which
// routers choose tunnels, and changes nothing here.
//
// It does not hide which implementation it is: windows, timing and flags tell an attentive peer.
//
// # Memory
//
// An idle stream takes less than 2 KiB, its peer included. What peers can make an
// engine keep is bounded by [Limits]: bytes received and not read, and bytes written
// and not acknowledged, of each stream and of all (64 MiB of either, and one packet
// for each stream beyond, so that none is stuck), streams in all and of each peer, and SYNs a minute. Beside these it keeps
// at most 1024 ended streams and 1024 destinations without streams, about 1 KiB
// each, 64 times 16 packets that have come too early, for ten seconds (4 MiB), 256
// replies, 256 pings, and 2 MiB of free buffers.
package streaming
