package i2cp

import "github.com/go-i2p/i2psocks/dialer/internal/streaming"

// Limits bound the resources that peers can use in a session. In all fields 0 means the default and negative no
// limit.
type Limits struct {
	Streams        int // in all, both ways: 16384
	StreamsPerPeer int // that one destination has opened: 1024
	Backlog        int // not yet accepted, of each listener: 64
	OpensPerMinute int // calls that are looked at, from all: 6000
	PeerPerMinute  int // streams that one destination opens: 600
	ReceiveBuffer  int // bytes of one stream that are not read yet: 2 MiB, at least 256 KiB
	SendBuffer     int // bytes of one stream that are not acknowledged yet: 1 MiB
	Buffered       int // bytes of all streams that are not read yet: 64 MiB
	Unacknowledged int // bytes of all streams that are not acknowledged yet: 64 MiB; of one, no more than it leaves to others
}

func (l Limits) engine() streaming.Limits { return streaming.Limits(l) }
