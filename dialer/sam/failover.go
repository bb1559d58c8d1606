package sam

import (
	"errors"

	"github.com/go-i2p/i2psocks/dialer"
)

// newBridges checks all addresses, and what is told to the bridges there.
func newBridges(s *Session) ([]bridge, error) {
	login, err := newLogin(s.User, s.Password)
	if err != nil {
		return nil, err
	}
	addresses := append([]string{s.Address}, s.Fallbacks...)
	bridges := make([]bridge, len(addresses))
	for i, address := range addresses {
		if bridges[i], err = newBridge(address, s.DialBridge); err != nil {
			return nil, err
		}
		bridges[i].login = login
	}
	return bridges, nil
}

// rotation is a list of bridges and which of them is due. It outlives an owner that gave up, so
// that a router that has the identity in use stays the one to be asked.
type rotation struct {
	bridges []bridge
	next    int
}

func (r *rotation) advance() { r.next = (r.next + 1) % len(r.bridges) }

// connectAny creates the session on the first bridge, from the one that is due, that can. A router
// that has the identity in use is not passed over, as the identity would then live on two; one
// that might have it is given time to let go.
func (s *Session) connectAny() (*live, error) {
	var first error
	for range s.at.bridges {
		l, err := s.connect(s.at.bridges[s.at.next])
		switch {
		case err == nil:
			return l, nil
		case errors.Is(err, dialer.ErrIdentityInUse):
			return nil, err
		case first == nil:
			first = err
		}
		s.at.advance()
		if _, held := errors.AsType[*unsettled](err); held && len(s.at.bridges) > 1 {
			sleep(s.ctx, settle)
		}
		if s.ctx.Err() != nil {
			break
		}
	}
	return nil, first
}
