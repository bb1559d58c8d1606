// Package audit reports what clients of a SOCKS port reveal: in their requests, and in the first bytes of their
// streams and datagrams. I2P hides where a program runs, but not what it sends.
//
//	auditor := &audit.Auditor{OnFinding: func(f audit.Finding) { log.Println(f) }}
//	srv := &socks.Server{Dialer: backend, Observe: auditor.Observe}
//
// It parses HTTP/1, TLS, SMTP, IRC, SSH, BitTorrent and its trackers, XMPP and STUN, and searches all streams for the
// addresses, names and time zone of this machine, also in UTF-16, Base64 and percent encoding. It also detects what
// involves several streams: programs that share an identity, a token that is used with several hosts, and identities
// that send the same cookie, session ticket or name, by which a peer can link them. The [Rule] constants list
// everything that it detects.
//
// A [Finding] contains neither hosts nor addresses nor what was sent, unless [Auditor.Reveal] is set. Findings that
// [Auditor.Fatal] selects end their stream before the bytes leave.
//
// What it refuses to do:
//
//   - It changes no bytes. It reports, or ends, what a client sends, but never rewrites it.
//   - It inspects only the first [Auditor.Sample] bytes of each direction, and nothing inside TLS, SSH or compressed
//     data. In unknown protocols, such as IMAP, FTP and SIP, it only searches for traces of this machine, and
//     withholds nothing. A client without findings is not proven clean.
//   - The number of findings and hashes, and the bytes kept of each stream, are limited, whatever clients send.
//
// Methods may be called by several goroutines at once.
package audit
