// Package statuspage shows how an endpoint is: its session, isolated identities, streams and SOCKS ports, throughput over time, the
// requests that were refused and why, what clients give away, and the state of router, address book and key store.
//
//	page := &statuspage.Handler{Endpoint: ep}
//	defer page.Close()
//	ep.Hooks = page.Hooks(nil) // before the endpoint is used
//	px, err := ep.ListenSOCKS(ctx, "tcp", "127.0.0.1:0")
//	page.AddPort(px)
//	ln, err := net.Listen("tcp", "127.0.0.1:0")
//	go http.Serve(ln, page)
//
// The page works without JavaScript, and loads nothing. It holds no names, destinations, tokens and keys: [Handler.Reveal] adds the
// names, and never secrets.
//
// # What it refuses to do
//
// It answers this machine alone, and requests for this machine alone: what comes from elsewhere fails with [ErrRemote]. A web site
// that has let its own name point to 127.0.0.1, so that the visitor's browser reads for it what only the visitor may see (DNS
// rebinding), fails with [ErrHost], and what another page asks for with [ErrOrigin]. It changes nothing: all it answers is GET and HEAD.
//
// It is not a wall between the users of one machine: any of them can read it. Serve it on a unix socket where that matters.
package statuspage
