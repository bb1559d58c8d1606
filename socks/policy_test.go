package socks

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// Lessons 21, 22 and 35: suffixes, bytes that end a line, and empty hosts.
func TestI2POnly(t *testing.T) {
	b32 := strings.Repeat("a", 52) + ".b32.i2p"
	for host, want := range map[string]Reply{
		"stats.i2p":         Succeeded,
		"Stats.I2P":         Succeeded,
		"stats.i2p.":        Succeeded,
		b32:                 Succeeded,
		"example.com":       NotAllowed,
		"localhost":         NotAllowed,
		"x.i2p.evil.com":    NotAllowed,
		"xi2p":              NotAllowed,
		"127.1":             NotAllowed,
		"127.0.0.1":         AddressNotSupported,
		"::1":               AddressNotSupported,
		"":                  BadAddress,
		".i2p":              BadAddress,
		"i2p":               BadAddress,
		"a..i2p":            BadAddress,
		"a.i2p\x00.com":     BadAddress,
		"a.i2p\nHELLO":      BadAddress,
		"a\n.i2p":           BadAddress,
		"a b.i2p":           BadAddress,
		`a".i2p`:            BadAddress,
		"é.i2p":             BadAddress,
		"short.b32.i2p":     BadAddress,
		"a.i2p:80":          BadAddress,
		"example.com\n.i2p": BadAddress,
	} {
		r := &Request{Version: SOCKS5, Command: Connect, Host: host, Port: 80}
		got := Succeeded
		if e, ok := errors.AsType[*ReplyError](I2POnly(t.Context(), r)); ok {
			got = e.Reply
			assert.Equal(t, host, r.Host, "a refused request is left alone")
		}
		assert.Equal(t, want, got, "%q", host)
	}

	r := &Request{Command: Connect, Host: "Stats.I2P.", Port: 80}
	assert.NoError(t, I2POnly(t.Context(), r))
	assert.Equal(t, "stats.i2p", r.Host)

	for _, ip := range []string{"1.2.3.4", "fe80::1"} {
		err := I2POnly(t.Context(), &Request{Command: Connect, Host: ip, IP: netip.MustParseAddr(ip), Port: 80})
		assert.Equal(t, AddressNotSupported, new(Server).reply(err, true))
	}
	assert.NoError(t, I2POnly(t.Context(), &Request{Command: Connect, Host: "a.i2p"}), "port 0")

	for _, ip := range []string{"0.0.0.0", "::", "::ffff:0.0.0.0"} {
		r := &Request{Command: Bind, Host: ip, IP: netip.MustParseAddr(ip)}
		assert.NoError(t, I2POnly(t.Context(), r), "BIND for any peer")
		r.Command = Connect
		assert.Error(t, I2POnly(t.Context(), r))
	}
	assert.Error(t, I2POnly(t.Context(), &Request{Command: Bind, Host: "1.2.3.4", IP: netip.MustParseAddr("1.2.3.4")}))
}
