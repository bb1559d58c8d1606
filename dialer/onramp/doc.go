// Package onramp lets a program that keeps its identities with github.com/go-i2p/onramp use one of them as a
// [dialer.Backend]. New programs are better served by package dialer/sam.
//
// # What importing it does
//
// Importing onramp, and so this package, acts before main: it makes the folders "i2pkeys",
// "onionkeys" and "tlskeys" in the current directory, reads the environment variables DEBUG_I2P,
// sam_host and sam_port (the first makes onramp print private keys), asks http://127.0.0.1:7070
// and :7657 for a page with no time limit, and where the latter answers, opens a SAM session for a
// moment. That is why nothing else in this module imports it.
//
// # What the package guards against
//
//   - Addresses outside I2P never reach onramp, which answers them with a connection to
//     nowhere, nor text that would add words to a SAM command.
//   - Keys are never made: a key file that is missing, empty, malformed or open to others
//     is an error. onramp would replace it by a new identity of a broken kind. Making keys
//     is the host's business; see keys/goi2p.
//   - Contexts are honoured. What onramp still does behind one that ended is bounded, and
//     closed when it comes back.
//   - Panics of onramp become errors, and so does a session that the router ended; the
//     next use opens it anew.
//   - Errors never quote onramp's text, which may hold what the router sent.
//   - Peers cannot write into later commands, which onramp lets them do through the ports of a stream.
//
// # What cannot be guarded
//
// onramp dials 127.0.0.1:7656 whatever address it is given, so that is the only router. It does
// not send the port of a dial, nor tell the port of what it accepts. What the peer sends together
// with the router's answer is lost: a server's greeting, or the first bytes of a client, on a busy
// machine. Its session has the name of the identity as ID, which other local programs can guess. A
// stream that is closed within a second of its last write may lose its end on i2pd.
package onramp
