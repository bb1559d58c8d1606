package socks

import "context"

// Peer is the process at the other end of a unix socket, as the kernel recorded it when it connected.
type Peer struct {
	UID, GID uint32
	PID      int32 // may be another program by now
}

// Users returns a policy that permits processes of these users, which connect over a unix socket on Linux. It refuses
// all others, also when the user is not known.
func Users(uids ...uint32) Policy {
	return func(_ context.Context, r *Request) error {
		for _, uid := range uids {
			if r.Peer != nil && r.Peer.UID == uid {
				return nil
			}
		}
		return &ReplyError{Reply: NotAllowed, Err: errNotListed}
	}
}
