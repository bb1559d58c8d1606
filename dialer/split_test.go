package dialer_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
)

// named is a dialer that tells who was asked, and for what.
type named string

func (n named) DialContext(_ context.Context, network, address string) (net.Conn, error) {
	return nil, fmt.Errorf("%s: %s %s", string(n), network, address)
}

func TestSplit(t *testing.T) {
	b64 := strings.Repeat("A", 516)
	tests := map[string]struct{ network, address, want string }{
		"name":                        {"tcp", "stats.i2p:80", "i2p"},
		"upper case":                  {"tcp", "STATS.I2P:80", "i2p"},
		"dot at the end":              {"tcp", "stats.i2p.:80", "i2p"},
		"alt":                         {"tcp", "stats.i2p.alt:80", "i2p"},
		"base32":                      {"tcp", strings.Repeat("a", 52) + ".b32.i2p:80", "i2p"},
		"GarliCat":                    {"tcp", "[fd60:db4d:ddb5::1]:80", "i2p"},
		"GarliCat with a zone":        {"tcp", "[fd60:db4d:ddb5::1%eth0]:80", "i2p"},
		"network i2p":                 {"i2p", "anything:80", "i2p"},
		"clear net":                   {"tcp", "example.com:80", "other"},
		"below a name outside":        {"tcp", "stats.i2p.example.com:80", "other"},
		"longer label":                {"tcp", "stats.noti2p:80", "other"},
		"service":                     {"tcp", "example.com:http", "other"},
		"IPv4":                        {"tcp", "192.0.2.1:80", "other"},
		"IPv6":                        {"tcp", "[2001:db8::1]:80", "other"},
		"localhost":                   {"udp", "localhost:53", "other"},
		"this machine":                {"tcp", ":80", "other"},
		"unix socket":                 {"unix", "/run/x.i2p", "other"},
		"two dots":                    {"tcp", "stats..i2p:80", "neither"},
		"two dots at the end":         {"tcp", "stats.i2p..:80", "neither"},
		"only the suffix":             {"tcp", "i2p:80", "neither"},
		"wide letters":                {"tcp", "stats.ｉ２ｐ:80", "neither"},
		"ideographic full stop":       {"tcp", "stats。i2p:80", "neither"},
		"space":                       {"tcp", "stats.i2p :80", "neither"},
		"NUL":                         {"tcp", "stats.i2p\x00.example.com:80", "neither"},
		"percent":                     {"tcp", "stats.i2p%00:80", "neither"},
		"malformed base32":            {"tcp", "a.b32.i2p:80", "neither"},
		"no port":                     {"tcp", "stats.i2p", "neither"},
		"base64 that is none":         {"tcp", b64[:400] + ":80", "neither"},
		"underscore":                  {"tcp", "my_host.example:80", "other"},
		"letters of another alphabet": {"tcp", "пример.example:80", "neither"},
	}
	s := &dialer.Split{I2P: named("i2p"), Other: named("other")}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := s.Dial(tt.network, tt.address)
			if tt.want == "neither" {
				require.ErrorIs(t, err, dialer.ErrBadDestination)
				return
			}
			require.EqualError(t, err, tt.want+": "+tt.network+" "+tt.address)
		})
	}
}

func TestSplitWithoutOneSide(t *testing.T) {
	_, err := (&dialer.Split{Other: named("other")}).Dial("tcp", "stats.i2p:80")
	require.ErrorIs(t, err, dialer.ErrNotI2P)
	_, err = (&dialer.Split{I2P: named("i2p")}).Dial("tcp", "example.com:80")
	require.ErrorIs(t, err, errors.ErrUnsupported)
	var op *net.OpError
	assert.ErrorAs(t, err, &op)
}

// FuzzSplit: what ends in .i2p in any spelling that a resolver might understand never goes to the other network.
func FuzzSplit(f *testing.F) {
	f.Add("stats.i2p")
	f.Add("X.I2P.")
	f.Add("a..i2p")
	s := &dialer.Split{Other: named("other")}
	f.Fuzz(func(t *testing.T, host string) {
		_, err := s.Dial("tcp", net.JoinHostPort(host, "80"))
		require.Error(t, err)
		trimmed := strings.ToLower(strings.TrimRight(host, ". \t\r\n\x00"))
		if strings.HasSuffix(trimmed, ".i2p") {
			assert.NotContains(t, err.Error(), "other: ")
		}
	})
}

func ExampleSplit() {
	d := &dialer.Split{
		I2P:   named("I2P"), // an Endpoint
		Other: named("Tor"), // a socks.Dialer to Tor's port
	}
	for _, address := range []string{"stats.i2p:80", "Stats.I2P.:80", "example.com:443", "stats..i2p:80"} {
		_, err := d.Dial("tcp", address)
		fmt.Println(err)
	}
	// Output:
	// I2P: tcp stats.i2p:80
	// I2P: tcp Stats.I2P.:80
	// Tor: tcp example.com:443
	// dial i2p: malformed destination: i2phost: malformed I2P host: an empty label
}
