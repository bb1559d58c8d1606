// Package samtest is an I2P network with SAM v3 bridges inside the process, similar to net/http/httptest. Programs
// that use SAM can be tested without a router, in milliseconds, against simulations of several routers.
//
//	nw := samtest.NewStrict(t)    // closed at the end of the test; violations fail it
//	one, two := nw.Start(nil), nw.Start(&samtest.Bridge{Router: samtest.I2PD259})
//	client(one.Addr())            // "127.0.0.1:port", or one.Dial in memory
//	one.Inject(samtest.Fault{On: "STREAM CONNECT", Result: "CANT_REACH_PEER"})
//	one.WaitFor(ctx, func() bool { return one.Count("STREAM CONNECT") == 3 })
//
// A [Network] is shared by any number of bridges; sessions on them reach each other by base32, by base64, or by a name
// from [Network.SetHost]. A [Bridge] that is used only through [Bridge.Dial] opens no socket. All waiting uses timers
// and channels, so that the minutes that routers take pass instantly in a testing/synctest bubble.
//
// The protocol is SAM 3.0 to 3.3 as observed on the routers: HELLO VERSION, SESSION CREATE with STYLE=STREAM, DATAGRAM,
// RAW and PRIMARY, SESSION ADD and REMOVE, STREAM CONNECT, ACCEPT and FORWARD, DATAGRAM SEND, RAW SEND, NAMING LOOKUP,
// DEST GENERATE, PING, PONG and QUIT.
//
// Faults are injected: [Bridge.Inject] affects single commands, with replies that are slow, truncated, lost, or those
// of another command; [Bridge.Freeze] stops a router but keeps its connections; [Bridge.Kill] ends it; a [Thief] takes
// over its port. A [Peer] is another destination on the network, whose keys may be of any type.
//
// # Routers
//
// [Instant], the default, is for tests of programs. It replies as Java I2P does,
// without delays, and has none of the behaviours below that lose streams: a
// STREAM CONNECT waits up to a second for the server's next ACCEPT, a closed
// ACCEPT is withdrawn, closing a session ends all that belongs to it.
//
// [Java], [I2PD245], [I2PD256] and [I2PD259] simulate a version of a router with its
// replies, delays and faults. In this list "i2pd" means all three, "new i2pd" the last two.
//
//   - HELLO: Java and I2PD259 answer MIN=3.1 MAX=3.3 with 3.3, the others with 3.1.
//   - Tunnels: SESSION CREATE takes 2 s on Java, 20 s on I2PD245, 3 s on new i2pd ([Bridge.BuildTime]).
//   - Errors: i2pd closes the connection after each but that of NAMING LOOKUP, Java after those of STREAM.
//   - Connect: i2pd says OK as soon as it finds the lease set, Java once the peer accepts.
//     A lease set is believed for 10 min after its owner left; such a CONNECT is OK on
//     i2pd and dead, and fails after 60 s on Java. A name that is not found takes up to 15
//     s.
//   - No ACCEPT waits: Java answers "Connection reset"; on i2pd the stream waits 10 s, to
//     be closed or given to the next ACCEPT.
//   - Half-close: the peer gets what was sent and the end; what it sends back is lost. All routers.
//   - Overlong line: I2PD245 never answers anybody again, new i2pd not this connection
//     ([Stats].Overlong); Java closes.
//   - Segments: i2pd takes one read for the HELLO and forgets what follows a line in the
//     same segment. Behind STREAM CONNECT it is sent to the peer, by I2PD245 and I2PD256
//     after it was replaced by other bytes.
//   - Password: Java refuses a HELLO without the [Bridge].User and Password, i2pd has none.
//   - Encrypted lease sets (i2cp.leaseSetType=5) are found by their encrypted base32 name alone, and
//     where clients need a key, DH or PSK, by sessions alone whose i2cp.leaseSetPrivKey it is: a
//     NAMING LOOKUP on another connection than the session's has no key. No router tells a wrong
//     key from an absent lease set.
//   - Lease-set encryption: where a client and a server have no type in common, new i2pd says
//     "Incompatible crypto", unless the client offers 0. Otherwise i2pd says OK and nothing
//     arrives; on Java the connect times out. Java refuses types other than 0 and 4. A session
//     that does not say has 0 on Java and I2PD245, 0 and 4 on I2PD256, 6 too on I2PD259.
//   - PING: i2pd closes, I2PD259 after answering. Java sends PING itself after 180 s of
//     silence, and ends what does not answer for 180 s more.
//   - Crash: i2pd ends as by Kill at signature types that it cannot make, at tunnels of
//     more than 8 hops, and at unknown lease-set encryption, for which I2PD245 and I2PD256
//     take 5, 6 and 7 too ([Stats].Crashes).
//   - Same key: i2pd hands out the destination a second time at once. 5 s after a session
//     closes, its destination dies, also for a session that was made of the same key:
//     ACCEPT says OK and gets nothing, CONNECT says INVALID_ID. Java answers
//     DUPLICATED_DEST, while a session has the key.
//   - Same ID: refused, and Java forgets the first session's ID.
//   - Second SESSION CREATE on a connection: works on i2pd, and the first session never
//     ends. Refused by Java.
//   - Leaving during SESSION CREATE: i2pd keeps the ID until the tunnels would have stood,
//     Java ID and key for 5 s.
//   - ACCEPTs of I2PD245: in order; if the first one is closed, the others get nothing
//     until another one comes.
//   - ACCEPTs of new i2pd: that, and each new ACCEPT or stream closes those that have
//     queued for less than 3 s; streams that come within 0.1 s of another wait for a new
//     ACCEPT.
//   - ACCEPTs of Java: a closed one still gets a stream, which then ends; when the session
//     closes, one of those waiting is closed and the others are left as they are.
//   - STREAM commands on a control or accepting connection: i2pd answers with SESSION STATUS, and closes.
//   - Data on a waiting ACCEPT: i2pd closes it, Java sends it to the peer.
//   - Slow reader: Java holds the sender back. i2pd holds any amount, and when the peer
//     closes while the reader takes less than 8 MiB/s, all but one block and the end is
//     lost.
//   - Hasty close: a stream of 100 kB and more that is closed within 0.5 s of its last
//     write loses up to 20 KiB, and its end, on I2PD259.
//   - Datagrams: STYLE=DATAGRAM and RAW, on I2PD259 also DATAGRAM1, 2 and 3. Without PORT
//     I2PD256 never answers. HOST and PORT (on Java PORT alone) have them forwarded over
//     UDP, from [Bridge.UDPAddr].
//   - Datagram headers over UDP: I2PD245 and I2PD256 take all behind the ID for the
//     destination, so options make a datagram vanish. i2pd wants the destination in full,
//     I2PD259 takes base32 too; Java takes any name.
//   - Datagrams received: Java and, on the control connection and not for RAW, I2PD259 add
//     FROM_PORT and TO_PORT. The sender of DATAGRAM3 is a hash. Java puts a header before
//     RAW if HEADER=true, and gives DATAGRAMs to RAW sessions unparsed.
//   - Datagram sizes: a UDP packet of more than 32768 bytes with its header is cut by
//     i2pd; payloads of more than 31744, of RAW 32768, vanish on Java. To the control
//     connection I2PD245 and I2PD256 bring less than 8192 bytes with the line, I2PD259
//     16384. Empty ones arrive on i2pd, but for RAW and DATAGRAM2.
//   - DATAGRAM SEND: i2pd wants line and payload in one segment, and else never takes a
//     line again on this connection. Java closes it, and so the session, at unknown names
//     and at sizes that do not fit.
//   - Datagrams lost: on i2pd what is sent to a new peer in the first second, and RAW to a
//     peer that has never sent anything but for 2 or 3 a second; on all but Instant what
//     exceeds 92 on their way to a session.
//   - PRIMARY: Java has it, and MASTER as another name for it, with SESSION ADD and REMOVE for
//     STREAM, DATAGRAM and RAW: streams and datagrams go to the subsession of their protocol and
//     port, or of port 0. A STREAM one takes up to 64 streams that no ACCEPT waits for. When the
//     PRIMARY ends, those that were not removed live on as zombies: their IDs are taken, their
//     waiting ACCEPTs are not closed, new ones are answered OK, and nothing comes. i2pd has MASTER,
//     I2PD259 where 3.3 was negotiated, whose STREAM subsessions are all the same as itself; a
//     SESSION ADD of another style ends it, and one without FROM_PORT is never answered by I2PD245
//     and I2PD256.
//   - Session closes: Java ends its streams. i2pd drops what was sent in the last 25 ms
//     and tells the peers nothing; what they then send ends their stream after 279 s.
//
// # Rules
//
// A network takes down what no client should do to any router, and with [NewStrict] fails the test
// for it: a line that routers read differently (quotes, escapes, double blanks, empty values, keys
// given twice, more than 8000 bytes); a line in several writes, or with anything behind it before
// its reply came; a session ID that can be guessed or was used before; a second SESSION CREATE on
// a connection; an option of SESSION CREATE that is not known to be harmless, such as lengths
// beyond 0 to 7, variances by which one could be 0 or more than 7, quantities beyond 1 to 6,
// signature types other than 7, 11 and 1, lease-set encryption other than "4", "4,0" and, where
// 3.3 was negotiated, "5,4", "6,4" and "7,4", numbers of streaming that are none; data on a waiting ACCEPT;
// PING or PONG to i2pd; a stream closed on i2pd less than 0.5 s after its last write; whatever
// crashes the router; datagrams that are cut, empty on Java, malformed, or of another style than
// their session; DATAGRAM SEND with a SIZE that is not that of the payload, or on i2pd in several
// segments; a session for datagrams without PORT on i2pd; SESSION ADD without FROM_PORT on i2pd;
// the end of a PRIMARY session before its subsessions were removed, where that leaves zombies.
//
// # What it does not do
//
// It has no cryptography, no tunnels and no loss: keys are compared, not used. Encrypted lease sets
// never become known by their usual names, as they do for a while on i2pd, and datagrams do not
// reach them. Keys that it makes are of signature type 7 whatever was asked for.
// STREAM FORWARD and forwarded datagrams go to loopback addresses only. TLS and the commands to manage passwords are missing.
// It never shows a private key or a password, in no log and no message.
package samtest
