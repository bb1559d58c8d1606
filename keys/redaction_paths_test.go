package keys_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

// printed is v in every way that a program may print it.
func printed(t *testing.T, v any) string {
	var out bytes.Buffer
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d"} {
		fmt.Fprintf(&out, verb+"\n", v)
	}
	options := &slog.HandlerOptions{Level: slog.LevelDebug}
	slog.New(slog.NewTextHandler(&out, options)).Debug("x", "v", v, "any", []any{v})
	slog.New(slog.NewJSONHandler(&out, options)).Debug("x", "v", v, "any", []any{v})
	if b, err := json.Marshal(v); err == nil {
		out.Write(b)
	}
	require.NotEmpty(t, out.String())
	return out.String()
}

// everyError asks a store that has vector A, or its remains, for everything,
// and returns all errors.
func everyError(t *testing.T, d keys.Archive) []error {
	ctx := t.Context()
	id, err := keys.ParseIdentity(vectorKey)
	require.NoError(t, err)
	_, loadErr := d.Load(ctx, "bot")
	_, retiredErr := d.LoadRetired(ctx, "bot", time.Time{})
	_, generateErr := keys.LoadOrGenerate(ctx, d, "bot")
	_, rotateErr := keys.Rotate(ctx, d, "none")
	_, nameErr := keys.LoadOrGenerate(ctx, d, vectorKey) // a secret for a name
	return []error{loadErr, retiredErr, generateErr, rotateErr, nameErr,
		d.Save(ctx, "bot", id), d.Save(ctx, vectorKey, id),
		d.Rename(ctx, "bot", "bot"), d.Rename(ctx, "bot", vectorKey), d.Rename(ctx, "none", "new"),
		d.Replace(ctx, "none", id), d.Replace(ctx, vectorKey, id), d.Retire(ctx, vectorKey), d.Delete(ctx, "none"),
		d.Restore(ctx, "bot", time.Now()), d.Purge(ctx, vectorKey)}
}

func TestNothingThatStoresSayShowsASecret(t *testing.T) {
	vector, err := keys.ParseIdentity(vectorKey)
	require.NoError(t, err)
	memory := new(keys.Memory)
	require.NoError(t, memory.Save(t.Context(), "bot", vector))
	require.NoError(t, memory.Replace(t.Context(), "bot", vector))
	values := []any{memory, list(t, memory)}
	errs := everyError(t, memory)

	age := ageSealer(t)
	sealed, err := age.Seal(t.Context(), []byte(vectorKey+"\n"))
	require.NoError(t, err)
	files := map[string]string{
		"good": vectorKey + "\n", "cut": vectorKey[:907], "long": vectorKey + vectorKey, "newline": vectorKey[:900] + "\n" + vectorKey[900:],
		"binary": string(vectorBytes(t)), "two lines": vectorDest + "\n" + vectorKey, "sealed": string(sealed),
		"other public key": i2pBase64.EncodeToString(append(bytes.Clone(vectorBytes(t)[:383]), vectorBytes(t)[382:]...)),
		"offline":          i2pBase64.EncodeToString(offlineBytes(t)),
	}
	for _, s := range []keys.Sealer{nil, age, ageSealer(t), gcm(1)} {
		for _, text := range files {
			path := privateDir(t)
			d, err := keys.OpenDirOn(t.Context(), path, s, func(f keys.Files) keys.Files { return f })
			require.NoError(t, err)
			for _, file := range []string{"bot.key", "bot.20260102T030405.000000006Z.old"} {
				require.NoError(t, os.WriteFile(filepath.Join(path, file), []byte(text), 0o600))
			}
			values = append(values, d, list(t, d), s)
			errs = append(errs, everyError(t, d)...)
			errs = append(errs, d.Reseal(t.Context(), gcm(2)), d.Close(), d.Delete(t.Context(), "bot"))
		}
	}
	assertNoSecret(t, errs, values)
}

func TestNothingThatFormatsSayShowsASecret(t *testing.T) {
	vector, err := keys.ParseIdentity(vectorKey)
	require.NoError(t, err)
	var errs []error
	var values []any
	for _, f := range []keys.Format{keys.FormatSAM, keys.FormatBinary, keys.FormatI2PKeys} {
		b, err := keys.Export(vector, f)
		require.NoError(t, err)
		for at := 0; at <= len(b); at += 7 {
			_, _, cut := keys.Import(bytes.NewReader(b[:at]))
			changed := bytes.Clone(b)
			changed[min(at, len(b)-1)] ^= 1
			id, format, bad := keys.Import(bytes.NewReader(changed))
			_, _, long := keys.Import(io.MultiReader(bytes.NewReader(b), strings.NewReader("x")))
			errs = append(errs, cut, bad, long)
			if bad == nil { // filler was changed
				assert.NotEqual(t, vectorKey, id.Reveal())
				values = append(values, format)
			}
		}
	}
	for _, f := range []keys.Format{"", "pem", keys.FormatI2PKeysDamaged} {
		_, err := keys.Export(vector, f)
		errs = append(errs, err)
	}
	assertNoSecret(t, errs, values)
}

// Every operation of the disk fails once, with the real text of an error.
func TestNoDiskErrorShowsASecret(t *testing.T) {
	w := newWorld(t)
	var err error
	w.a, err = keys.ParseIdentity(vectorKey)
	require.NoError(t, err)
	w.fresh = w.a
	var errs []error
	for _, s := range w.scenarios(t) {
		path := w.prepare(t, s)
		f := newFaults(path, failBefore, never, 1<<20)
		d, err := s.open(t, path, f)
		require.NoError(t, err)
		for at := range 60 {
			f.at = f.steps + at
			err := s.run(d)
			errs = append(errs, err)
			if err == nil {
				break
			}
			values := []any{d, fs.FileMode(0)}
			assertNoSecret(t, []error{err}, values)
		}
		require.NoError(t, d.Close())
	}
	assert.True(t, errors.Is(errors.Join(errs...), errDisk))
}

func assertNoSecret(t *testing.T, errs []error, values []any) {
	t.Helper()
	failed := 0
	for _, err := range errs {
		for e := err; e != nil; e = errors.Unwrap(e) {
			failed++
			assertRedacted(t, e.Error())
			assertRedacted(t, printed(t, e))
		}
	}
	require.Positive(t, failed)
	for _, v := range values {
		assertRedacted(t, printed(t, v))
	}
}
