package samtest

import (
	"strings"

	"github.com/go-i2p/i2psocks/keys"
)

// target is what a name in a command stands for.
type target struct {
	dest  keys.Destination // zero if unknown
	b32   string           // the base32 name, "" if the name was none
	known bool             // the network has a lease set of it
	live  *endpoint        // nil if it is gone
	ls    leaseSet         // if it is known
}

// resolve looks a name up without the key of any session.
func (b *Bridge) resolve(name string) target { return b.resolveFor(nil, name) }

// resolveFor looks a name up for a session, which may be nil: base32, encrypted base32, host name or the whole
// destination. The caller holds the lock.
func (b *Bridge) resolveFor(s *session, name string) target {
	if !b.f.i2pd {
		if lower := strings.ToLower(name); strings.HasSuffix(lower, ".i2p") {
			name = lower
		}
	}
	if label, ok := strings.CutSuffix(name, ".b32.i2p"); ok && (b.f.i2pd || len(label) >= 52) {
		r := b.nw.find(name)
		if len(label) > 52 {
			var key keys.LeaseSetKey
			if s != nil {
				key = s.ls.key
			}
			r = b.nw.findBlinded(name, key)
		}
		if r == nil {
			return target{b32: name}
		}
		return target{r.dest, name, true, r.local, r.ls}
	}
	dest, ok := b.nw.hosts[name]
	if !ok {
		dest, _ = keys.ParseDestination(padBase64(name, !b.f.i2pd))
	}
	if r := b.nw.find(dest.Base32()); r != nil {
		return target{dest, "", true, r.local, r.ls}
	}
	return target{dest: dest}
}

// namingLookup answers NAMING LOOKUP.
func (c *conn) namingLookup(req request) bool {
	name := req.value("NAME")
	if name == "" && !c.b.f.i2pd {
		return c.reply(`NAMING REPLY RESULT=KEY_NOT_FOUND NAME="" MESSAGE="Must specify NAME"`)
	}
	c.b.nw.mu.Lock()
	own := c.session
	t := c.b.resolveFor(own, name) // on another connection i2pd asks as somebody else
	c.b.nw.mu.Unlock()
	if name == "ME" {
		if own == nil {
			return c.nobody()
		}
		t.dest = own.dest
	}
	if t.dest.IsZero() && t.b32 != "" && !c.sleep(c.b.f.naming) {
		return false
	}
	if t.dest.IsZero() {
		result := "KEY_NOT_FOUND"
		if c.b.f.i2pd {
			result = "INVALID_KEY"
		}
		return c.reply("NAMING REPLY RESULT=" + result + " NAME=" + name)
	}
	return c.reply("NAMING REPLY RESULT=OK NAME=" + name + " VALUE=" + t.dest.Base64())
}

// nobody answers NAME=ME without a session: i2pd gives the destination that
// its local clients share, Java closes.
func (c *conn) nobody() bool {
	if !c.b.f.i2pd {
		return false
	}
	id, err := keys.Generate()
	return err == nil && c.reply("NAMING REPLY RESULT=OK NAME=ME VALUE="+id.Destination().Base64())
}
