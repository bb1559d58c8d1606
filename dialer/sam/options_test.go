package sam

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

func TestSessionParams(t *testing.T) {
	line := func(nickname string, in, out Tunnels) string {
		params, err := sessionParams(nickname, in, out)
		require.NoError(t, err)
		b, err := wire.AppendCommand(nil, wire.Message{Verb: "SESSION", Action: "CREATE", Params: params})
		require.NoError(t, err)
		return strings.TrimPrefix(strings.TrimSpace(string(b)), "SESSION CREATE ")
	}
	assert.Equal(t, "SIGNATURE_TYPE=7 i2cp.leaseSetEncType=4 "+
		"inbound.length=3 inbound.quantity=3 inbound.nickname=i2psocks "+
		"outbound.length=3 outbound.quantity=3 outbound.nickname=i2psocks", line("", Tunnels{}, Tunnels{}))
	assert.Equal(t, "SIGNATURE_TYPE=7 i2cp.leaseSetEncType=4 "+
		"inbound.length=0 inbound.quantity=6 inbound.nickname=my-bot_1.0 "+
		"outbound.length=7 outbound.quantity=1 outbound.nickname=my-bot_1.0", line("my-bot_1.0", Tunnels{-1, 6}, Tunnels{7, 1}))
}

// TestOptionsThatCrashRouters: none of these may reach a router.
func TestOptionsThatCrashRouters(t *testing.T) {
	for name, tc := range map[string]struct {
		nickname string
		tunnels  Tunnels
	}{
		"nine hops":          {"", Tunnels{Length: 9}},
		"eight hops":         {"", Tunnels{Length: 8}},
		"many tunnels":       {"", Tunnels{Quantity: 7}},
		"negative tunnels":   {"", Tunnels{Quantity: -1}},
		"space":              {"a b", Tunnels{}},
		"second option":      {"a SIGNATURE_TYPE=99", Tunnels{}},
		"second line":        {"a\nSESSION CREATE", Tunnels{}},
		"quote":              {`"a"`, Tunnels{}},
		"markup for console": {"<script>", Tunnels{}},
		"long":               {strings.Repeat("a", 65), Tunnels{}},
	} {
		_, err := sessionParams(tc.nickname, tc.tunnels, Tunnels{})
		assert.Error(t, err, name)
		_, err = sessionParams(tc.nickname, Tunnels{}, tc.tunnels)
		assert.Error(t, err, name)
	}
}
