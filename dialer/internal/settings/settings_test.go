package settings

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/keys"
)

func TestTunnels(t *testing.T) {
	options, wrong := Tunnels{}.Options("inbound")
	require.Nil(t, wrong)
	assert.Equal(t, []Option{{"inbound.length", "3"}, {"inbound.quantity", "3"}}, options)
	options, wrong = Tunnels{Length: 2, Quantity: 6, LengthVariance: -1, Backup: 6}.Options("outbound")
	require.Nil(t, wrong)
	assert.Equal(t, []Option{
		{"outbound.length", "2"}, {"outbound.quantity", "6"}, {"outbound.lengthVariance", "-1"}, {"outbound.backupQuantity", "6"},
	}, options)
	options, wrong = Tunnels{Length: -5}.Options("inbound")
	require.Nil(t, wrong)
	assert.Equal(t, Option{"inbound.length", "0"}, options[0])

	for field, all := range map[string][]Tunnels{
		"Length":   {{Length: 8}},
		"Quantity": {{Quantity: 7}, {Quantity: -1}},
		"Backup":   {{Backup: 7}, {Backup: -1}},
		"LengthVariance": {
			{LengthVariance: 5}, {LengthVariance: -3}, {Length: -1, LengthVariance: 1}, {LengthVariance: 1 << 62}, {LengthVariance: -1 << 63},
		},
	} {
		for _, tunnels := range all {
			_, wrong := tunnels.Options("inbound")
			require.NotNil(t, wrong, tunnels)
			assert.Equal(t, field, wrong.Field)
			assert.NotEmpty(t, wrong.Reason)
		}
	}
}

func TestIsWord(t *testing.T) {
	for s, want := range map[string]bool{
		"": false, "i2cp.Gzip_-9": true, "a b": false, "a=b": false, "ä": false, "a\n": false, strings.Repeat("x", 20): true, strings.Repeat("x", 21): false,
	} {
		assert.Equal(t, want, IsWord(s, 20), s)
	}
}

func TestLogin(t *testing.T) {
	any := func(string) bool { return true }
	password := func() string { return "secret" }
	secret, wrong := Login("", nil, any, "")
	assert.Nil(t, wrong)
	assert.Empty(t, secret)
	secret, wrong = Login("user", password, any, "")
	assert.Nil(t, wrong)
	assert.Equal(t, "secret", secret)
	for name, tt := range map[string]struct {
		user     string
		password func() string
		sendable func(string) bool
		field    string
	}{
		"no password": {"user", nil, any, "Password"},
		"no user":     {"", password, any, "User"},
		"long":        {"user", func() string { return strings.Repeat("x", 129) }, any, "Password"},
		"unsendable":  {"user", password, func(s string) bool { return s != "secret" }, "Password"},
	} {
		secret, wrong := Login(tt.user, tt.password, tt.sendable, "")
		require.NotNil(t, wrong, name)
		assert.Equal(t, tt.field, wrong.Field, name)
		assert.NotContains(t, wrong.Reason, "secret")
		assert.Empty(t, secret)
	}
}

func TestEncryptedHost(t *testing.T) {
	id, err := keys.Generate()
	require.NoError(t, err)
	for _, forClients := range []bool{false, true} {
		host, err := i2phost.Parse(EncryptedHost(id.Destination(), forClients))
		require.NoError(t, err)
		b, ok := host.Blinded()
		require.True(t, ok)
		assert.Equal(t, id.Destination().SigningKey(), b.Key[:])
		assert.Equal(t, forClients, b.NeedsAuth)
	}
}
