// Package socks implements a SOCKS 4, 4a and 5 server, and a client, for programs that must not leak.
//
// The server implements CONNECT and BIND of SOCKS 4, 4a and RFC 1928, UDP ASSOCIATE of RFC 1928, Tor's
// RESOLVE and RESOLVE_PTR, and username/password authentication of RFC 1929. It passes the host name
// of a request, as the client sent it, to a function that may refuse it ([Server].Allow) and
// then to a dialer ([Server].Dialer or [Server].Select):
//
//	srv := &socks.Server{Dialer: backend, Authenticate: socks.Secret(token)}
//	go srv.Serve(listener)
//	defer srv.Shutdown(ctx)
//
// # What it refuses to do
//
//   - It never resolves a name and never dials by itself. Without a dialer every request fails.
//   - Without Allow only I2P host names pass ([I2POnly]). Nothing is looked up before Allow has
//     agreed. [All], [Hosts], [Ports], [Commands] and [Literals] make other policies.
//   - A command for which the dialer has no method is answered "command not supported". GSS-API is
//     never chosen. Fragmented datagrams are dropped.
//   - After a first byte that is no SOCKS version it closes the connection, so that a web page
//     cannot smuggle a request inside HTTP.
//   - Hosts and credentials are never logged.
//
// # Success and failure
//
// A CONNECT request succeeds once the dialer has returned a connection; the bound address in the reply is
// 0.0.0.0:0. Failures become reply codes as described at [Reply]. A client that closes its
// connection or its sending direction during the dial cancels it. Data that the client sends before
// the reply is delivered after success, and only then.
//
// BIND has two replies: the address of the dialer's listener, and the address of the peer that has
// connected. Peers other than the host in the request are rejected; 0.0.0.0 and :: accept any peer.
//
// # Half-closed streams
//
// A client that closes its sending direction may still read, and receives all that its peer sends. A
// client that has closed its connection, or died, looks the same on the wire. On Linux, for clients of
// the same machine, the kernel knows the difference, and such a stream ends within 50 ms, or later if
// more than 200 streams are half-closed. Otherwise it ends with the peer, after HalfCloseTimeout, or when
// its place is needed.
//
// # Resources
//
// On Linux, data between two sockets stays in the kernel, and a stream that has been silent for
// 50 ms has no goroutine: one goroutine waits for all of them. A stream uses two descriptors, and a
// pipe while it carries much data.
//
// # Datagrams
//
// A client of UDP ASSOCIATE gets a socket on the address to which it connected. The association accepts
// datagrams from the client's IP address and one port only: the port given in the request, or that of
// the first datagram. Any other address in the request is ignored. On a host with several users the
// client should give the port, because the users share its address. Allow is asked once for each
// peer, whichever side sends first. Datagrams that cannot be delivered are dropped silently.
//
// # Credentials
//
// A client that offers both methods is asked for credentials even if none are required, because they
// distinguish the users of the port, and clients send them only when asked. Server.Select receives them
// in the [Request], and [Request.Isolation] combines them, with the listener, into one key.
//
// # Listeners
//
// The server accepts any listener. [ListenUnix] makes one to which only the current user can connect.
// Every local program can connect to a TCP port, which therefore needs a [Secret].
// [Server].Hooks and [Server.Status] report activity without revealing who communicates with whom.
//
// testdata/conformance.md lists the reply to every kind of request, LESSONS.md mistakes of other
// implementations, and CLIENTS.md the options by which clients send host names to the server.
//
// SOCKS does not hide what programs say about themselves inside their streams. Package socks/audit,
// attached by [Server].Observe, shows it.
package socks
