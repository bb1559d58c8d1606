package onramp

import (
	"time"

	"github.com/go-i2p/i2pkeys"
	"github.com/go-i2p/sam3"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/keys/goi2p"
)

// acceptAll takes streams in as long as the session lives. Those that come while nobody listens are closed.
func (b *Backend) acceptAll(s *session) {
	const pause = 200 * time.Millisecond // between attempts that fail
	accepting := *s.garlic.StreamSession // a copy, as it is written to
	for {
		conn, err := guard(func() (*sam3.SAMConn, error) {
			ln, err := accepting.Listen()
			if err != nil {
				return nil, err
			}
			return ln.AcceptI2P()
		})
		if err == nil {
			b.deliver(conn)
			continue
		}
		select {
		case <-s.done:
			return
		case <-time.After(pause):
		}
	}
}

// deliver gives an accepted stream to the listener.
func (b *Backend) deliver(conn *sam3.SAMConn) {
	who, _ := conn.RemoteAddr().(i2pkeys.I2PAddr)
	peer, err := goi2p.FromI2PAddr(who)
	b.mu.Lock()
	l := b.listener
	b.mu.Unlock()
	if err != nil || l == nil {
		conn.Close()
		return
	}
	c, err := b.track(conn, dialer.AddrOf(peer, 0))
	if err != nil {
		return
	}
	select {
	case l.conns <- c:
	case <-l.done:
		c.Close()
	}
}
