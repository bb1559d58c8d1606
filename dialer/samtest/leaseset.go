package samtest

import (
	"regexp"
	"slices"
	"strings"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

// leaseSet is what a session publishes of itself, and the key with which it reads what others publish.
type leaseSet struct {
	types     []string // of encryption that it offers
	encrypted bool
	auth      string          // "0" none, "1" DH, "2" PSK
	clients   map[string]bool // public keys (DH) or keys (PSK) in base64
	key       keys.LeaseSetKey
}

var clientOption = regexp.MustCompile(`^i2cp\.leaseSetClient\.(dh|psk)\.[0-9]+$`)

// newLeaseSet reads the options of SESSION CREATE.
func (f *flavour) newLeaseSet(req request) leaseSet {
	ls := leaseSet{
		types:     strings.Split(orElse(req.value("i2cp.leaseSetEncType"), f.encType), ","),
		encrypted: req.value("i2cp.leaseSetType") == "5",
		auth:      orElse(req.value("i2cp.leaseSetAuthType"), "0"),
		clients:   make(map[string]bool),
	}
	ls.key, _ = keys.ParseLeaseSetKey(req.value("i2cp.leaseSetPrivKey"))
	for _, p := range req.params {
		part := clientOption.FindStringSubmatch(p.Key)
		if _, key, ok := strings.Cut(p.Value, ":"); ok && part != nil && (part[1] == "dh") == (ls.auth == "1") {
			ls.clients[key] = true
		}
	}
	if len(ls.clients) == 0 {
		ls.auth = "0" // i2pd then lets everybody in
	}
	return ls
}

// admits reports whether a key, which may be none, opens the lease set.
func (ls leaseSet) admits(key keys.LeaseSetKey) bool {
	switch ls.auth {
	case "1":
		return ls.clients[key.Public().String()]
	case "2":
		return ls.clients[key.Reveal()]
	}
	return true
}

// fits reports whether two sessions share a type of encryption.
func (ls leaseSet) fits(other leaseSet) bool {
	return slices.ContainsFunc(ls.types, func(t string) bool { return slices.Contains(other.types, t) })
}

// name returns the name under which the network has the endpoint. An encrypted lease set is found by its
// blinded key alone.
func (ep *endpoint) name() string {
	if !ep.ls.encrypted {
		return ep.dest.Base32()
	}
	b := i2phost.Blinded{SignatureType: uint16(ep.dest.SignatureType())}
	copy(b.Key[:], ep.dest.SigningKey())
	return blindedName(b)
}

// blindedName returns the one name that stands for all that have the same key: the flags in a name are only advice.
func blindedName(b i2phost.Blinded) string {
	b.NeedsAuth, b.NeedsSecret = false, false
	host, _ := b.Host() // "none" of a type that cannot be blinded, and is never found
	return host.String()
}

// findBlinded returns what is known under an encrypted base32 name and can be read with a key. The caller holds the lock.
func (nw *Network) findBlinded(name string, key keys.LeaseSetKey) *record {
	host, err := i2phost.Parse(name)
	b, ok := host.Blinded()
	if err != nil || !ok {
		return nil
	}
	if r := nw.find(blindedName(b)); r != nil && r.ls.admits(key) {
		return r
	}
	return nil
}
