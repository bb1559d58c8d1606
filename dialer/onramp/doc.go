// Package onramp makes an identity of a program that stores its keys with github.com/go-i2p/onramp usable as a
// [dialer.Backend]. New programs should use package dialer/sam.
//
// # Side effects of importing it
//
// Importing onramp, and so this package, has effects before main runs: it creates the directories "i2pkeys",
// "onionkeys" and "tlskeys" in the current directory, reads the environment variables DEBUG_I2P, sam_host and
// sam_port (the first makes onramp print private keys), requests a page from http://127.0.0.1:7070 and :7657 without
// a timeout and, if the latter answers, briefly opens a SAM session. Therefore nothing else in this module imports
// it.
//
// # What the package prevents
//
//   - Addresses outside I2P never reach onramp, which returns a useless connection for them, nor does text that would
//     add words to a SAM command.
//   - Keys are never generated: a key file that is missing, empty, malformed or accessible to others is an error.
//     onramp would replace it by a new, broken identity. Generate keys with package keys; see keys/goi2p.
//   - Contexts are honoured. What onramp continues to do after a context has ended is limited, and its result is
//     closed.
//   - Panics of onramp become errors, and so does a session that the router has ended; the next use opens a new one.
//   - Errors never contain the text of onramp's errors, which may include what the router sent.
//   - Peers cannot add to later commands, which onramp would let them do by the ports of a stream.
//   - An identity cannot have two sessions in one process, here or in packages sam and i2cp. After each it rests for
//     7 s, because i2pd would destroy a session that is opened sooner.
//
// # What it cannot prevent
//
// onramp always dials 127.0.0.1:7656, so that is the only router. It neither sends the port of a dial nor reports
// that of an accepted stream. Data that the peer sends together with the router's answer is lost: a server's
// greeting, or the first bytes of a client, on a busy machine. The session ID is the name of the identity, which
// other local programs can guess. A stream that is closed within a second of its last write may lose its end on i2pd.
package onramp
