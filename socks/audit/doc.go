// Package audit shows what clients of a SOCKS port give away: in what they ask of the port, and in the first
// bytes of their streams and datagrams. I2P hides where a program is, not what it says of itself.
//
//	auditor := &audit.Auditor{OnFinding: func(f audit.Finding) { log.Println(f) }}
//	srv := &socks.Server{Dialer: backend, Observe: auditor.Observe}
//
// It knows HTTP/1, TLS, SMTP, IRC, SSH, BitTorrent and its trackers, XMPP and STUN, and looks everywhere for the
// addresses, names and time zone of this machine, also in UTF-16, Base64 and percent encoding. It sees also what takes more than one stream: that several
// programs share an identity, that one token goes to several hosts, and that two identities show the same
// cookie, session ticket or name, by which a peer links them. [Rule] lists all that is found.
//
// A Finding names neither hosts nor addresses, nor does it hold what was sent, unless [Auditor].Reveal is set.
// What [Auditor].Fatal picks out ends its stream before the bytes leave.
//
// What it refuses to do:
//
//   - It changes no byte. A client that gives something away is told so, or stopped, never rewritten.
//   - It sees the first [Auditor].Sample bytes of each direction only, and nothing inside TLS and SSH, nor what is
//     compressed. Of protocols that it does not know, such as IMAP, FTP and SIP, it sees the traces of this machine
//     only, and withholds nothing. A client without findings is not proven clean.
//   - It keeps no more than a bounded number of findings, of hashes and of bytes of each stream, whatever clients
//     send.
//
// Methods may be called by several goroutines at once.
package audit
