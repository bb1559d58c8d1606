package socks

import "context"

// Observer is shown the beginning of what one client sends and is told. It must not keep the bytes, nor change
// them. Its methods are not called at the same time as themselves, but Sent and Received may run at once.
type Observer interface {
	// Sent gets the next bytes that the client has sent to the peer, before they go on; end says that none will
	// follow. With hold they are withheld until the next call, up to 16 KiB in all. Without more it is not called
	// again. An error ends the stream, and what is withheld does not leave.
	Sent(b []byte, end bool) (hold, more bool, err error)
	// Received gets the next bytes that the peer has sent, before the client does. Without more it is not called
	// again.
	Received(b []byte) (more bool)
	// Datagram gets a datagram of an association before it is sent to host. Without more it is not called again.
	// An error ends the association, and the datagram does not leave.
	Datagram(host string, b []byte) (more bool, err error)
}

var _ = context.Background
