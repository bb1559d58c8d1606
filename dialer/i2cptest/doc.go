// Package i2cptest is an I2P network with I2CP ports of its routers inside the process, similar to net/http/httptest.
// Programs that use I2CP can be tested without a router, in milliseconds, against simulations of several routers.
//
//	nw := i2cptest.NewStrict(t)    // closed at the end of the test; violations fail it
//	one, two := nw.Start(nil), nw.Start(&i2cptest.Router{Kind: i2cptest.I2PD259})
//	client(one.Addr())            // "127.0.0.1:port", or one.Dial in memory
//	one.Inject(i2cptest.Fault{On: "CreateSession", Status: 3})
//	one.SetLink(i2cptest.Link{Delay: 50 * time.Millisecond, Loss: 0.01, Rate: 500_000})
//
// A [Network] is shared by any number of routers; sessions on them reach each other. A [Router] that is used only
// through [Router.Dial] opens no socket. All waiting uses timers and channels, so that the minutes that routers take
// pass instantly in a testing/synctest bubble.
//
// The protocol is what clients of I2CP need, as observed on the routers: GetDate, CreateSession, ReconfigureSession,
// DestroySession, CreateLeaseSet2 with lease sets of type 3 and 5, SendMessage, SendMessageExpires, HostLookup of hashes
// and names, DestLookup, BlindingInfo and GetBandwidthLimits. Payloads are not inspected, except that they must be
// gzip.
//
// # Routers
//
// [Instant], the default, is for tests of programs: it has no delays and loses nothing that its link does not lose.
// [Java], [I2PD256] and [I2PD259] simulate a version of a router with its answers, delays and faults. In this list
// "i2pd" means the last two.
//
//   - SetDate: I2PD256 repeats the client's version, I2PD259 says 0.9.68, Java 0.9.65. Java alone has passwords.
//   - Tunnels: lease sets are asked for after 1.5 s on Java, 3 s on I2PD256, 5 s on I2PD259 ([Router.BuildTime]), twice, and
//     from then on every 584 s.
//   - No answer to that: i2pd closes after 10 s, Java asks again, six times.
//   - Refusal: i2pd says status 3, and the connection can be used for another try; Java says why in a Disconnect, and closes.
//   - Java checks the date, to 3 minutes, the order of options, the crypto type of the destination, and knows no ML-KEM.
//   - An option that is no number where one is due: I2PD256 closes.
//   - Same destination: refused while it has a session on the router, on Java for a second more.
//   - Second CreateSession on a connection: i2pd refuses and gives the first session another ID, Java closes.
//   - Offline signatures: Java alone.
//   - Statuses: those of i2pd say "guaranteed success" for what was handed to a tunnel. With nonce 0 there are none. Java
//     tells what arrived.
//   - Large payloads: from 62,523 bytes on they vanish on i2pd; 63,023 crash I2PD256, 65,023 I2PD259 ([Stats].Crashes).
//   - First messages: what goes to a peer before it has answered is lost on I2PD256, for two minutes, with the status of what was
//     sent; on I2PD259 each is another first one. i2pd drops first messages to a destination that come within 200 ms of another,
//     and begins anew with a peer that was silent for 90 s.
//   - A client that does not read: i2pd drops what exceeds 1 MiB, Java what exceeds 256 messages, requests for lease sets too.
//   - A pair of destinations is cut off for a minute on i2pd after 800 messages lost in a row, and for good on I2PD256 after
//     65,535 messages without one back.
//   - Lookup: what is not known takes 4 ms on i2pd, 3 s on Java. i2pd answers with its own session ID, never with a wrong one, and
//     finds no encrypted base32 names; Java does, with the key from BlindingInfo where clients need one.
//   - Encrypted lease sets are found by that name alone, so from i2pd not at all.
//   - i2cp.dontPublishLeaseSet: nobody finds the destination but whom it has sent something.
//   - Unknown messages: ignored by i2pd, Java closes.
//   - Session closes: others believe in it for 10 min; what they send is lost.
//
// # Rules
//
// A network takes down what no client should do to any router, and with [NewStrict] fails the test for it: a first byte
// other than 2a; malformed messages, and ones that are too long; anything before the answer to GetDate; a version
// before 0.9.46; a second CreateSession on a connection; one that is 30 s off the router's clock, with unsorted options, with
// a destination of crypto type 4, without i2cp.fastReceive=true, i2cp.messageReliability=none, i2cp.leaseSetType and
// i2cp.leaseSetEncType, without numbers for tunnels, or with an option that looks like a secret; lease sets that are late,
// wrong, not newer than the one before, of another key, or of other leases than asked for; lookups and messages of a
// session that is none; payloads that are no gzip member or have more than 61,440 bytes; 1,100 packets of streams
// to a peer that answers none; a client that does not read.
//
// # What it does not do
//
// It has no tunnels and no encryption between sessions. TLS, the old kinds of lease sets, several sessions on a
// connection and names with options are missing. Its sessions do not reach those of package samtest: where this network carries
// the packets of streams, that one carries their bytes, and would need the whole streaming protocol for each session over SAM.
package i2cptest
