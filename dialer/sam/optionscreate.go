package sam

import (
	"strconv"

	"github.com/go-i2p/i2psocks/dialer/internal/settings"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
	"github.com/go-i2p/i2psocks/keys"
)

// creation is what a session of the identity asks of a router in SESSION CREATE, behind STYLE, ID and DESTINATION. It is
// a func, since some of it is secret: fmt looks into all else.
type creation func(Encryption) []wire.Param

// newCreation checks the fields of a session that has the identity.
func newCreation(s *Session, id keys.Identity) (creation, error) {
	nickname := s.Nickname
	if nickname == "" {
		nickname = settings.Nickname
	}
	if !settings.IsWord(nickname, settings.MaxNickname) {
		return nil, badOption("Nickname", "only letters, digits, '.', '_' and '-', at most %d", settings.MaxNickname)
	}
	var params []wire.Param
	for _, d := range []struct {
		name, field string
		tunnels     Tunnels
	}{{"inbound", "Inbound", s.Inbound}, {"outbound", "Outbound", s.Outbound}} {
		p, err := d.tunnels.params(d.name, d.field)
		if err != nil {
			return nil, err
		}
		params = append(append(params, p...), wire.Param{Key: d.name + ".nickname", Value: nickname})
	}
	if s.DialOnly {
		params = append(params, wire.Param{Key: "i2cp.dontPublishLeaseSet", Value: "true"})
	}
	more, err := s.LeaseSet.params(id.Destination().SignatureType(), s.DialOnly)
	if err != nil {
		return nil, err
	}
	passed, err := passThrough(s.Options)
	if err != nil {
		return nil, err
	}
	params = append(append(params, more...), passed...)
	signature := keys.Ed25519
	if id.Destination().SignatureType() == keys.RedDSA {
		signature = keys.RedDSA
	}
	c := creation(func(e Encryption) []wire.Param {
		return append([]wire.Param{
			{Key: "SIGNATURE_TYPE", Value: strconv.Itoa(int(signature))},
			{Key: "i2cp.leaseSetEncType", Value: e.option()},
		}, params...)
	})
	return c, c.checkLength(id, s.LeaseSet.Encryption)
}

// checkLength makes sure that the line fits, with whatever a session for datagrams adds.
func (c creation) checkLength(id keys.Identity, e Encryption) error {
	m := createCommand(style{name: repliable2}, sessionID(), id)
	m.Params = append(m.Params, c(e)...)
	b, err := wire.AppendCommand(nil, m)
	if err != nil || len(b)+reserved > wire.MaxCommand {
		return badOption("Session", "LeaseSet.Clients and Options are too long for one command")
	}
	return nil
}

// reserved is room in the command for what depends on the router: HOST, ports, HEADER.
const reserved = 200

// sibling returns a Session with the settings of s, but for its identity and what is of streams alone.
func (s *Session) sibling() *Session {
	return &Session{
		Address: s.Address, Fallbacks: s.Fallbacks, DialBridge: s.DialBridge, Owners: s.Owners, User: s.User, Password: s.Password,
		Inbound: s.Inbound, Outbound: s.Outbound, LeaseSet: s.LeaseSet, Options: s.Options,
		DialOnly: s.DialOnly, Nickname: s.Nickname, DialTimeout: s.DialTimeout, UDPAddress: s.UDPAddress, Logger: s.Logger,
	}
}
