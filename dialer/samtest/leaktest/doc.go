// Package leaktest proves, in a host's own tests, that nothing leaks: that nothing but the router was dialled and no name
// looked up, that logs and errors hold no names and keys, and that identities did not mix.
//
//	leaktest.Guard(t)                                  // in the process: no DNS, no proxy of the environment
//
//	if !leaktest.Inside(t) {                           // the rest of the test, alone: Linux, root and ip(8)
//		return
//	}
//
//	c := leaktest.Confine(t)                           // a whole program: Linux, root and ip(8)
//	c.Forward("127.0.0.1:7656", bridge.Addr())         // to a samtest.Bridge, or a router
//	err := c.Start(exec.Command("./mybot"))            // each packet that goes elsewhere fails the test
//
//	rec := new(leaktest.Recorder)
//	rec.Identity("mybot", id)
//	ep.Logger = slog.New(rec.Handler())
//	...
//	rec.Check(t)                                       // nothing of the key was logged, in any form
//
//	var ids leaktest.Identities
//	err = ids.Saw("account-42", conn.RemoteAddr())     // at a site: each account is seen as itself
//
// The examples are whole tests. Each of these tests itself where it can, so that a test cannot pass because nobody looked. None of it sees what goes
// over unix sockets, such as those of a local name service.
package leaktest
