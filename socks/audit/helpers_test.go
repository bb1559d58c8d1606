package audit

import (
	"net"
	"net/netip"
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/socks"
)

// machine is the one that the captures were made on, or might have been.
var machine = Machine{
	Addrs:    []netip.Addr{netip.MustParseAddr("192.168.77.5"), netip.MustParseAddr("2001:db8::77")},
	Hardware: []net.HardwareAddr{{0x52, 0x54, 0, 0x12, 0x34, 0x56}},
	Hosts:    []string{"workhorse"},
	Users:    []string{"alice", "jörg"},
	Zones:    []string{"Europe/Paris"},
}

func newAuditor() *Auditor { return &Auditor{Machine: &machine} }

// request is a CONNECT of the user.
func request(user, host string) *socks.Request {
	return &socks.Request{Version: socks.SOCKS5, Command: socks.Connect, Host: host, Port: 80, Username: user}
}

// observe begins a stream of the user to the host.
func observe(t *testing.T, a *Auditor, user, host string) socks.Observer {
	t.Helper()
	o, err := a.Observe(t.Context(), request(user, host))
	require.NoError(t, err)
	require.NotNil(t, o)
	return o
}

// send lets a client say all of b, then end.
func send(t *testing.T, o socks.Observer, b []byte) {
	t.Helper()
	_, _, err := o.Sent(b, true)
	require.NoError(t, err)
}

func capture(t testing.TB, name string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/" + name + ".bin")
	require.NoError(t, err)
	return b
}

// rulesOf returns what was found, without repetitions, in the order of the rules' names.
func rulesOf(a *Auditor) []Rule {
	var found []Rule
	seen := make(map[Rule]bool)
	for _, f := range a.Findings() {
		seen[f.Rule] = true
	}
	for _, r := range Rules() {
		if seen[r] {
			found = append(found, r)
		}
	}
	return found
}
