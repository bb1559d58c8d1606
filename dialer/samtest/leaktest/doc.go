// Package leaktest checks, in the tests of a program, that nothing leaks: that only the router was dialled and no
// name resolved, that logs and errors contain no names and keys, and that identities were not mixed.
//
//	leaktest.Guard(t)                                  // in the process: no DNS, no proxy of the environment
//
//	c := leaktest.Confine(t)                           // a whole program: Linux, root and ip(8)
//	c.Forward("127.0.0.1:7656", bridge.Addr())         // to a samtest.Bridge, or a router
//	err := c.Start(exec.Command("./mybot"))            // each packet that goes elsewhere fails the test
//
//	rec := new(leaktest.Recorder)
//	rec.Identity("mybot", id)
//	ep.Logger = slog.New(rec.Handler())
//	...
//	rec.Check(t)                                       // no part of the key was logged, in any form
//
//	var ids leaktest.Identities
//	err = ids.Saw("account-42", conn.RemoteAddr())     // at a site: each account has its own address
//
// The examples are complete tests. Where possible each check also verifies itself, so that a test cannot pass because
// nothing was observed. Traffic over unix sockets, such as that of a local name service, is not observed.
package leaktest
