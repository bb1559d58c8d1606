package keys_test

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

// Alice's private key of RFC 7748, section 6.1.
const alicePrivate = "dwdtCnMYpX08FsFyUbJmRd9ML4frwJkqsXf7pR25LCo="

func decode(t *testing.T, s string) []byte {
	b, err := i2pBase64.DecodeString(s)
	require.NoError(t, err)
	return b
}

func TestLeaseSetKey(t *testing.T) {
	// RFC 7748 gives the private key in hex.
	raw, err := hex.DecodeString("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")
	require.NoError(t, err)
	k, err := keys.ParseLeaseSetKey(alicePrivate)
	require.NoError(t, err)
	assert.Equal(t, alicePrivate, k.Reveal())
	assert.Equal(t, raw, decode(t, k.Reveal()))
	public, err := hex.DecodeString("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a")
	require.NoError(t, err)
	assert.Equal(t, public, decode(t, k.Public().String()))

	one, two := keys.GenerateLeaseSetKey(), keys.GenerateLeaseSetKey()
	assert.NotEqual(t, one.Public(), two.Public())
	again, err := keys.ParseLeaseSetKey(one.Reveal())
	require.NoError(t, err)
	assert.Equal(t, one.Public(), again.Public())
	p, err := keys.ParseLeaseSetPublicKey(one.Public().String())
	require.NoError(t, err)
	assert.Equal(t, one.Public(), p)
}

func TestZeroLeaseSetKey(t *testing.T) {
	var k keys.LeaseSetKey
	assert.True(t, k.IsZero())
	assert.Equal(t, "none", k.String())
	assert.Empty(t, k.Reveal())
	assert.True(t, k.Public().IsZero())
	assert.Equal(t, "none", k.Public().String())
	assert.False(t, keys.GenerateLeaseSetKey().IsZero())
}

func TestBadLeaseSetKeys(t *testing.T) {
	zeros, one := strings.Repeat("A", 43)+"=", "AQ"+strings.Repeat("A", 41)+"="
	for name, s := range map[string]string{
		"empty": "", "short": alicePrivate[:40], "long": alicePrivate + "AAAA", "unpadded": alicePrivate[:43],
		"other alphabet": strings.Replace(alicePrivate, "d", "+", 1), "newline": alicePrivate[:40] + "\n" + alicePrivate[41:],
		"spare bits": alicePrivate[:42] + "p=", "zeros": zeros, "blank": alicePrivate[:42] + " =", "31 bytes": strings.Repeat("B", 42) + "==",
	} {
		_, err := keys.ParseLeaseSetKey(s)
		assert.ErrorIs(t, err, keys.ErrMalformed, name)
		assert.NotContains(t, err.Error(), alicePrivate[:20])
		_, err = keys.ParseLeaseSetPublicKey(s)
		assert.ErrorIs(t, err, keys.ErrMalformed, name)
	}
	_, err := keys.ParseLeaseSetPublicKey(one)
	assert.ErrorIs(t, err, keys.ErrMalformed, "the point 1 has small order")
	_, err = keys.ParseLeaseSetKey(one)
	assert.NoError(t, err, "a secret may be any")
}

func TestLeaseSetKeyNeverPrintsItsSecret(t *testing.T) {
	k, err := keys.ParseLeaseSetKey(alicePrivate)
	require.NoError(t, err)
	raw := decode(t, alicePrivate)
	hidden := struct{ k keys.LeaseSetKey }{k}
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%p", "%!"} {
		for _, v := range []any{k, &k, hidden, &hidden, []keys.LeaseSetKey{k}, map[string]any{"a": hidden}} {
			fmt.Fprintf(&out, verb, v)
		}
	}
	shown, err := json.Marshal(struct{ K keys.LeaseSetKey }{k})
	require.NoError(t, err)
	assert.JSONEq(t, `{"K":"secret"}`, string(shown))
	slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "k", k, "hidden", hidden)
	for _, form := range []string{alicePrivate, string(raw), hex.EncodeToString(raw), strings.ToUpper(hex.EncodeToString(raw)), strings.Trim(fmt.Sprint(raw), "[]")} {
		if strings.Contains(out.String(), form) {
			t.Errorf("the secret shows as %.6s...", form)
		}
	}
	assert.Contains(t, out.String(), "secret")
}

func FuzzParseLeaseSetKey(f *testing.F) {
	f.Add(alicePrivate)
	f.Add(keys.GenerateLeaseSetKey().Public().String())
	f.Add("AQ" + strings.Repeat("A", 41) + "=")
	f.Fuzz(func(t *testing.T, s string) {
		if k, err := keys.ParseLeaseSetKey(s); err == nil {
			require.Equal(t, s, k.Reveal())
			require.False(t, k.Public().IsZero())
		}
		if p, err := keys.ParseLeaseSetPublicKey(s); err == nil {
			require.Equal(t, s, p.String())
		}
	})
}
