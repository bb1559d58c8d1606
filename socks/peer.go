package socks

import "context"

// Peer is the program at the other end of a unix socket, as the system knew it when it connected.
type Peer struct {
	UID, GID uint32
	PID      int32 // may be another program by now
}

// Users returns a policy that admits the programs of these users: clients of a unix socket on Linux. Others
// are refused, also where the system tells no user.
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
