// Package statuspage shows the status of an endpoint: its session, isolated identities, streams and SOCKS ports, throughput over time,
// failed requests and their reasons, what clients reveal, and the state of router, address book and key store.
//
//	page := &statuspage.Handler{Endpoint: ep}
//	defer page.Close()
//	ep.Hooks = page.Hooks(nil) // before the endpoint is used
//	px, err := ep.ListenSOCKS(ctx, "tcp", "127.0.0.1:0")
//	page.AddPort(px)
//	ln, err := net.Listen("tcp", "127.0.0.1:0")
//	go http.Serve(ln, page)
//
// The page works without JavaScript and loads nothing else. It contains no names, destinations, tokens or keys. [Handler.Reveal] adds
// the names, but no secrets.
//
// # What it refuses to do
//
// It answers requests from this machine only; others fail with [ErrRemote]. A request that a web site makes through the user's browser
// fails with [ErrHost] if the site's name points to 127.0.0.1 (DNS rebinding), and with [ErrOrigin] if it comes from another page. The
// page changes nothing and answers GET and HEAD only.
//
// It does not protect the users of one machine from each other: any of them can read it. Serve it on a unix socket if that matters.
package statuspage
