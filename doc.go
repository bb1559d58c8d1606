// Package i2psocks gives a program its own isolated SOCKS 4, 4a and 5 endpoint on I2P, together with
// a [net.Listener] and a dialer of the same I2P identity, which no other program shares.
//
//	ep := &i2psocks.Endpoint{Name: "mybot", Dir: stateDir}
//	defer ep.Close()
//	resp, err := ep.HTTPClient().Get("http://stats.i2p/")      // in this process
//	ln, err := ep.Listen(ctx, "tcp", ":80")                    // ln.Addr() is "….b32.i2p:80"
//	irc, err := ep.Isolate("account-42").Dial("tcp", "irc.postman.i2p:6667") // with another identity
//	px, err := ep.ListenSOCKS(ctx, "tcp", "127.0.0.1:0")       // for child processes and other languages
//	cmd.Env = px.Env(os.Environ())                             // overrides all proxy variables
//
// An I2P router (i2pd or Java I2P) must be running with its SAM bridge enabled, unless
// [Endpoint.I2CP] or [Endpoint.Router] says otherwise.
//
// # What it refuses to do
//
// The package fails closed. It dials nothing but the router and never uses the system
// resolver. Names outside .i2p, IP addresses and malformed names are refused before anything is
// looked up. A SOCKS port requires a password and listens on loopback only, unless the program
// says otherwise. A key file that is damaged or, except on Windows, that other users can read, is an
// error and is never replaced. Logs contain no host names, destinations or keys.
//
// It does not clean what programs send. Many protocols reveal who and where their user is: give a
// SOCKS port only to programs that were made, or audited, for anonymity.
//
// # Packages
//
// Each of these packages can be used alone:
//
//   - dialer: the interface of a backend, which is one I2P identity, and its addresses and errors;
//     also one backend for each isolation key. Backends are dialer/sam, the default; dialer/i2cp,
//     whose streams are implemented in the process; and dialer/onramp, which wraps go-i2p/onramp.
//     dialer/i2pd runs a private router. dialer/samtest and dialer/i2cptest are I2P networks inside
//     the process, for tests; dialer/samtest/leaktest checks that a program leaks nothing;
//   - socks: the SOCKS server and client, which know nothing of I2P routers;
//   - keys: destinations, identities and stores for them. keys/ageseal encrypts a store, keys/goi2p
//     converts to and from go-i2p/i2pkeys, and keys/etcd, a module of its own, shares identities
//     between hosts;
//   - addrbook: host names, hosts.txt files, subscriptions, and an address book that combines them.
package i2psocks
