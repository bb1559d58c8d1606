// Package i2psocks gives a program its own private door to I2P: an identity that it
// shares with no other program, a [net.Listener] and a dialer of that identity, and a
// SOCKS 4, 4a and 5 port for what is not written in Go.
//
//	ep := &i2psocks.Endpoint{Name: "mybot", Dir: stateDir}
//	defer ep.Close()
//	resp, err := ep.HTTPClient().Get("http://stats.i2p/")      // in this process
//	ln, err := ep.Listen(ctx, "tcp", ":80")                    // ln.Addr() is "….b32.i2p:80"
//	irc, err := ep.Isolate("account-42").Dial("tcp", "irc.postman.i2p:6667") // as somebody else
//	px, err := ep.ListenSOCKS(ctx, "tcp", "127.0.0.1:0")       // for children and other languages
//	cmd.Env = px.Env(os.Environ())                             // past no proxy that it names
//
// A router (i2pd or Java I2P) must run, with its SAM bridge enabled.
//
// # What it refuses to do
//
// It fails closed. Nothing but the router's SAM bridge is ever dialled; the system resolver
// is never asked. Names outside .i2p, IP addresses and malformed names are refused before
// anything is looked up. A SOCKS port needs a secret unless told otherwise, and never
// listens beyond loopback by accident. A key file that is damaged, or that
// others can read, is an error and is never replaced. Logs hold no names, no destinations and no keys.
//
// It does not clean what programs send. Many protocols tell who and where their user is; only programs
// made or checked for anonymity should be given a SOCKS port.
//
// # Packages
//
// Each can be used alone:
//
//   - dialer: what a way into I2P can do, its addresses and errors, and one identity for
//     each isolation key; dialer/sam is the default way, dialer/i2cp another, whose streams are
//     made in the process, dialer/i2pd a router of the program's own, dialer/onramp an identity
//     of go-i2p/onramp; dialer/samtest and dialer/i2cptest are networks in the process, for tests,
//     and dialer/samtest/leaktest proves that a program leaks nothing;
//   - socks: the SOCKS server and client, which know nothing of routers;
//   - keys: destinations, identities and where they are kept; keys/ageseal encrypts them,
//     keys/goi2p converts from and to go-i2p/i2pkeys, keys/etcd (a module of its own)
//     shares them among hosts;
//   - addrbook: host names, hosts.txt, subscriptions, and a book that joins them.
package i2psocks
