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

// assertRedacted looks for the seed and the key in every form that fmt could
// give them. The seed of vector A is 00 01 .. 1f, and long enough to be unique.
func assertRedacted(t *testing.T, out string) {
	t.Helper()
	seed := vectorBytes(t)[647:]
	forms := []string{
		vectorKey, vectorKey[len(vectorKey)-40:], // of the base64, the end is the seed
		string(seed), hex.EncodeToString(seed), strings.ToUpper(hex.EncodeToString(seed)),
		strings.Trim(fmt.Sprint(seed), "[]"),
		strings.Trim(fmt.Sprintf("%#v", seed), "[]byte{}"),
		strings.Trim(fmt.Sprintf("%q", seed), `"`),
		strings.Trim(fmt.Sprintf("% x", seed), `"`),
	}
	for _, form := range forms {
		require.NotEmpty(t, form)
		if strings.Contains(out, form) { // not NotContains, which would print it all
			t.Errorf("the secret shows as %.12s...", form)
		}
	}
}

type holder struct{ id keys.Identity }

type deepHolder struct {
	Name string
	in   *holder
	list []keys.Identity
	m    map[string]keys.Identity
	any  any
}

func TestIdentityNeverPrintsItsSecret(t *testing.T) {
	id, err := keys.ParseIdentity(vectorKey)
	require.NoError(t, err)
	hidden := holder{id}
	deep := deepHolder{"x", &hidden, []keys.Identity{id}, map[string]keys.Identity{"a": id}, id}
	exported := struct{ ID keys.Identity }{id}
	pointer := struct{ ID *keys.Identity }{&id}

	verbs := []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "% x", "%d", "%T", "%p", "%!", "%08.3v"}
	for _, verb := range verbs {
		for _, v := range []any{id, &id, hidden, &hidden, deep, &deep, exported, pointer, []any{id, hidden}} {
			assertRedacted(t, fmt.Sprintf(verb, v))
		}
	}
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x"} {
		assert.Equal(t, vectorName, fmt.Sprintf(verb, id), verb)
		assert.Equal(t, vectorName, fmt.Sprintf(verb, &id), verb)
		assert.Equal(t, "none", fmt.Sprintf(verb, keys.Identity{}), verb)
	}
	assert.Equal(t, vectorName, id.GoString())

	for _, v := range []any{id, &id, exported, pointer, deep} {
		out, err := json.Marshal(v)
		require.NoError(t, err)
		assertRedacted(t, string(out))
	}
	out, err := json.Marshal(exported)
	require.NoError(t, err)
	assert.JSONEq(t, `{"ID":"`+vectorName+`"}`, string(out))
}

func TestIdentityInSlog(t *testing.T) {
	id, err := keys.ParseIdentity(vectorKey)
	require.NoError(t, err)
	var out bytes.Buffer
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	for _, h := range []slog.Handler{slog.NewTextHandler(&out, options), slog.NewJSONHandler(&out, options)} {
		out.Reset()
		slog.New(h).Debug("start", "id", id, "pointer", &id, "hidden", holder{id},
			"deep", deepHolder{in: &holder{id}, any: id}, "list", []keys.Identity{id})
		assert.Contains(t, out.String(), vectorName)
		assertRedacted(t, out.String())
	}
}

func TestZeroIdentity(t *testing.T) {
	var id keys.Identity
	assert.True(t, id.IsZero())
	assert.True(t, id.Destination().IsZero())
	assert.Empty(t, id.Reveal())
	assert.Equal(t, "none", id.String())
	text, err := id.MarshalText()
	require.NoError(t, err)
	assert.Equal(t, "none", string(text))
}

func TestErrorsDoNotRepeatTheInput(t *testing.T) {
	raw := vectorBytes(t)
	wrong := bytes.Clone(raw)
	wrong[383] ^= 1
	var errs []error
	for _, b := range [][]byte{wrong, append(raw, 0), raw[:600]} {
		_, err := keys.IdentityFromBytes(b)
		errs = append(errs, err)
	}
	for _, text := range badTexts(vectorKey) {
		_, err := keys.ParseIdentity(text)
		errs = append(errs, err)
	}
	_, err := keys.ParseDestination(vectorKey) // a secret in the wrong place
	for _, err := range append(errs, err) {
		require.Error(t, err)
		assertRedacted(t, err.Error())
		assert.Less(t, len(err.Error()), 120)
	}
}
