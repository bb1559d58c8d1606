package i2psocks

import (
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/sam"
	"github.com/go-i2p/i2psocks/keys"
)

// own returns the session of the endpoint's own identity.
func (e *Endpoint) own(has *assets) dialer.Backend {
	return e.session(has, func() *sam.Session {
		s := e.samSession(has, has.id)
		s.StatusChanged = e.StatusChanged
		if e.Configure != nil {
			e.Configure(s)
		}
		s.Identity = has.id
		return s
	}, func() *i2cp.Session {
		s := e.i2cpSession(has, has.id)
		s.StatusChanged = e.StatusChanged
		if e.ConfigureI2CP != nil {
			e.ConfigureI2CP(s)
		}
		s.Identity = has.id
		return s
	})
}

// fresh returns a session of the identity of a token.
func (e *Endpoint) fresh(has *assets, id keys.Identity) dialer.Backend {
	quantity := e.Isolation.Quantity
	if quantity == 0 {
		quantity = defaultIsolatedQuantity
	}
	return e.session(has, func() *sam.Session {
		s := e.samSession(has, id)
		s.DialOnly = !e.Isolation.Listen
		s.Inbound.Quantity, s.Outbound.Quantity = quantity, quantity
		if e.Isolation.Configure != nil {
			e.Isolation.Configure(s)
		}
		s.Identity = id
		return s
	}, func() *i2cp.Session {
		s := e.i2cpSession(has, id)
		s.DialOnly = !e.Isolation.Listen
		s.Inbound.Quantity, s.Outbound.Quantity = quantity, quantity
		if e.Isolation.ConfigureI2CP != nil {
			e.Isolation.ConfigureI2CP(s)
		}
		s.Identity, s.Signer = id, nil
		return s
	})
}

// session returns one over SAM or over I2CP, or one that will be either.
func (e *Endpoint) session(has *assets, newSAM func() *sam.Session, newI2CP func() *i2cp.Session) dialer.Backend {
	switch {
	case has.router == nil && e.I2CP != "":
		return newI2CP()
	case has.router == nil:
		return newSAM()
	}
	var over *sam.Session
	var below *i2cp.Session
	for _, d := range has.router.candidates {
		if d.protocol == overSAM {
			over = newSAM()
		} else {
			below = newI2CP()
		}
	}
	return newEither(over, below, has.router)
}

// samSession returns a session over SAM, with the endpoint's settings.
func (e *Endpoint) samSession(has *assets, id keys.Identity) *sam.Session {
	s := &sam.Session{
		Address: e.SAM, Fallbacks: e.Fallbacks, DialBridge: e.DialBridge, Owners: has.owners, User: e.SAMUser, Password: e.SAMPassword,
		Identity: id, Nickname: e.Name, Inbound: e.Inbound, Outbound: e.Outbound,
		DialTimeout: e.DialTimeout, Budget: has.budget, Logger: e.Logger,
	}
	if has.router != nil {
		s.DialBridge = has.router.dialer(overSAM)
	}
	return s
}

// i2cpSession returns one over I2CP.
func (e *Endpoint) i2cpSession(has *assets, id keys.Identity) *i2cp.Session {
	s := &i2cp.Session{
		Address: e.I2CP, Fallbacks: e.Fallbacks, DialRouter: e.DialBridge, Owners: has.owners,
		Identity: id, Nickname: e.Name, Inbound: i2cp.Tunnels(e.Inbound), Outbound: i2cp.Tunnels(e.Outbound),
		DialTimeout: e.DialTimeout, Logger: e.Logger,
	}
	if has.router != nil {
		s.DialRouter = has.router.dialer(overI2CP)
	}
	return s
}
