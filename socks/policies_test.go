package socks

import (
	"context"
	"errors"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"
)

// admits returns the code with which a policy answers.
func admits(t *testing.T, p Policy, r Request) Reply {
	t.Helper()
	err := p(t.Context(), &r)
	if err == nil {
		return Succeeded
	}
	e, ok := errors.AsType[*ReplyError](err)
	require.True(t, ok, "%v", err)
	return e.Reply
}

// Lesson 1: Tor's guard against addresses let the unsafe pass and refused the safe, for three
// years (TROVE-2022-002). Every version, strength and command is written out.
func TestLessonLiteralsTruthTable(t *testing.T) {
	requests := map[string]Request{
		"4":        {Version: SOCKS4, Host: "1.2.3.4", IP: netip.MustParseAddr("1.2.3.4"), Port: 80},
		"4a":       {Version: SOCKS4a, Host: "a.i2p", Port: 80},
		"5 name":   {Version: SOCKS5, Host: "a.i2p", Port: 80},
		"5 text":   {Version: SOCKS5, Host: "1.2.3.4", Port: 80},
		"5 IPv4":   {Version: SOCKS5, Host: "1.2.3.4", IP: netip.MustParseAddr("1.2.3.4"), Port: 80},
		"5 IPv6":   {Version: SOCKS5, Host: "2001:db8::1", IP: netip.MustParseAddr("2001:db8::1"), Port: 80},
		"5 mapped": {Version: SOCKS5, Host: "::ffff:1.2.3.4", IP: netip.MustParseAddr("::ffff:1.2.3.4"), Port: 80},
		"5 any":    {Version: SOCKS5, Host: "0.0.0.0", IP: netip.MustParseAddr("0.0.0.0"), Port: 80},
	}
	const peers, own, any = 1, 2, 3
	commands := map[Command]int{Connect: peers, Bind: any, Associate: own, Resolve: peers, ResolvePTR: peers, Datagram: peers}
	for name, r := range requests {
		for cmd, kind := range commands {
			r.Command = cmd
			literal := name != "4a" && name != "5 name" && kind != own && !(kind == any && name == "5 any")
			assert.Equal(t, literal, r.IsLiteral(), "%s %s", name, cmd)
			want := [3]Reply{Succeeded, Succeeded, Succeeded}
			if literal {
				want[RefuseLiterals] = AddressNotSupported
			}
			for strength, reply := range want {
				warned := 0
				p := Literals(Strength(strength), func(got *Request) {
					assert.Equal(t, r, *got)
					warned++
				}, nil)
				assert.Equal(t, reply, admits(t, p, r), "%s %s, strength %d", name, cmd, strength)
				assert.Equal(t, literal && Strength(strength) == WarnLiterals, warned == 1, "%s %s, strength %d: %d warnings", name, cmd, strength, warned)
			}
			assert.Equal(t, want[RefuseLiterals], admits(t, I2POnly, r), "%s %s, default", name, cmd)
		}
	}
	assert.Equal(t, Succeeded, admits(t, Literals(WarnLiterals, nil, nil), requests["5 IPv4"]))
	assert.Equal(t, AddressNotSupported, admits(t, Literals(9, nil, nil), requests["5 IPv4"]), "unknown is refused")
	assert.Equal(t, NotAllowed, admits(t, Literals(AllowLiterals, nil, nil), Request{Host: "example.com", Port: 80}), "names stay judged")
}

func TestReadyMadePolicies(t *testing.T) {
	web := All(I2POnly, Ports(80, 443), Hosts("Stats.i2p", ".example.i2p"), Commands(Connect, Associate, Datagram, Resolve))
	for _, tc := range []struct {
		cmd  Command
		host string
		port uint16
		want Reply
	}{
		{Connect, "stats.i2p", 80, Succeeded},
		{Connect, "STATS.I2P.", 443, Succeeded},
		{Connect, "www.example.i2p", 80, Succeeded},
		{Connect, "a.b.example.i2p", 80, Succeeded},
		{Connect, "example.i2p", 80, NotAllowed},
		{Connect, "notexample.i2p", 80, NotAllowed},
		{Connect, "www.stats.i2p", 80, NotAllowed},
		{Connect, "stats.i2p", 81, NotAllowed},
		{Connect, "stats.i2p.evil.com", 80, NotAllowed},
		{Connect, "1.2.3.4", 80, AddressNotSupported},
		{Datagram, "stats.i2p", 80, Succeeded},
		{Datagram, "stats.i2p", 0, NotAllowed},
		{Associate, "0.0.0.0", 9, Succeeded},
		{Resolve, "stats.i2p", 0, Succeeded},
		{Resolve, "other.i2p", 0, NotAllowed},
		{Bind, "0.0.0.0", 80, NotAllowed},
		{Bind, "stats.i2p", 80, CommandNotSupported},
	} {
		assert.Equal(t, tc.want, admits(t, web, Request{Command: tc.cmd, Host: tc.host, Port: tc.port}), "%v", tc)
	}
	assert.Error(t, All()(t.Context(), &Request{Host: "a.i2p"}), "nothing is not everything")
}

type namedDialer struct {
	proxy.ContextDialer
	name string
}

func TestSelectLiterals(t *testing.T) {
	choose := SelectLiterals(&namedDialer{name: "clear"}, &namedDialer{name: "i2p"})
	for host, want := range map[string]string{"a.i2p": "i2p", "1.2.3.4": "clear", "::1": "clear"} {
		d, err := choose(context.Background(), &Request{Command: Connect, Host: host})
		require.NoError(t, err)
		assert.Equal(t, want, d.(*namedDialer).name, host)
	}
}
