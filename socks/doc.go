// Package socks is a SOCKS 4, 4a and 5 server, and a client, for programs that
// must not leak.
//
// The server serves CONNECT and BIND of the SOCKS 4 and 4a notes and of RFC 1928, its UDP
// ASSOCIATE, Tor's RESOLVE and RESOLVE_PTR, and username/password authentication of RFC 1929. It
// hands the host name of a request, as the client sent it, to one function that may refuse it
// ([Server].Allow) and then to a dialer ([Server].Dialer or [Server].Select):
//
//	srv := &socks.Server{Dialer: backend, Authenticate: socks.Secret(token)}
//	go srv.Serve(listener)
//	defer srv.Shutdown(ctx)
//
// What it refuses to do:
//
//   - It never resolves a name and never dials by itself. Without a dialer every
//     request fails.
//   - Without Allow only I2P host names pass ([I2POnly]). Nothing is looked up
//     before Allow agreed. [All], [Hosts], [Ports], [Commands] and [Literals] make other policies.
//   - A command that the dialer has no method for is answered "command not
//     supported", GSS-API is never chosen, fragments of datagrams are dropped.
//   - It does not resynchronise: after a first byte that is no SOCKS version the
//     connection ends, so a web page cannot smuggle a request through HTTP.
//   - Hosts and credentials are never logged.
//
// # Success and failure
//
// Success is answered once the dialer returned a connection, with 0.0.0.0:0 as bound
// address. Failures become reply codes in one table, described at [Reply]. A
// client that leaves, or ends its direction, while its peer is dialled ends the
// dial; what it sends early is kept and delivered after success, and never otherwise.
//
// BIND is answered twice: with the address of a listener of the dialer, and with that of
// the peer that came. Whoever is not the host that the client asked for is sent away; 0.0.0.0
// and :: ask for anybody.
//
// # Ends
//
// A client that ends its direction may still read, and gets all that its peer sends. One that closes its connection, or
// dies, looks the same on the wire; on Linux, if it is on this machine, the system knows better: then its stream
// ends within 50 ms, whatever the peer does. Elsewhere such a stream ends with the peer, after HalfCloseTimeout, or as
// soon as others need its place.
//
// # Weight
//
// On Linux, bytes between two sockets stay in the kernel, and a stream that has been silent for 250 ms has no goroutine: one for
// all waits for the first of them to go on. A stream holds two descriptors, and a pipe while much moves.
//
// # Datagrams
//
// A client of UDP ASSOCIATE gets a socket on the address that it came to. It is served from its
// own address and one port only: the one it told, or that of its first datagram. What it tells of another address, such
// as that of its peer, says nothing. On a host with
// other users it should tell the port, as they share its address. Allow judges each peer once,
// whichever side sends first. Datagrams that cannot be delivered are dropped without a word, as
// everywhere.
//
// # Credentials
//
// A client that offers both methods is asked for its credentials, even where none are
// needed: they tell one user of the port from another, and a client that is
// not asked never sends them. [Server].Select sees them in the [Request], and [Request.Isolation]
// makes one key of them, which also tells listeners apart.
//
// # Listeners
//
// The server takes any listener. [ListenUnix] makes one that only its user can reach; on TCP every
// program of the machine can, so that a [Secret] is needed there. [Server].Hooks and
// [Server.Status] tell what is going on without telling who with whom.
//
// What is answered when is listed in testdata/conformance.md, what was learnt from other servers in
// LESSONS.md, and how programs are told to use a SOCKS port without asking DNS in CLIENTS.md.
//
// SOCKS does not hide what a program says about itself inside its streams. Package socks/audit, joined at
// [Server].Observe, shows it.
package socks
