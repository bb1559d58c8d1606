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
}

// resolve looks a name up: base32, host name or the whole destination. The
// caller holds the lock. Encrypted lease sets are not simulated, so their
// longer names are never found.
func (b *Bridge) resolve(name string) target {
	if !b.f.i2pd {
		if lower := strings.ToLower(name); strings.HasSuffix(lower, ".i2p") {
			name = lower
		}
	}
	if label, ok := strings.CutSuffix(name, ".b32.i2p"); ok && (b.f.i2pd || len(label) >= 52) {
		t := target{b32: name}
		if r := b.nw.find(name); r != nil {
			t.dest, t.known, t.live = r.dest, true, r.local
		}
		return t
	}
	dest, ok := b.nw.hosts[name]
	if !ok {
		dest, _ = keys.ParseDestination(padBase64(name, !b.f.i2pd))
	}
	t := target{dest: dest}
	if r := b.nw.find(dest.Base32()); r != nil {
		t.known, t.live = true, r.local
	}
	return t
}

// namingLookup answers NAMING LOOKUP.
func (c *conn) namingLookup(req request) bool {
	name := req.value("NAME")
	if name == "" && !c.b.f.i2pd {
		return c.reply(`NAMING REPLY RESULT=KEY_NOT_FOUND NAME="" MESSAGE="Must specify NAME"`)
	}
	c.b.nw.mu.Lock()
	t := c.b.resolve(name)
	own := c.session
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
