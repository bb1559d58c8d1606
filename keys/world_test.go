package keys_test

import (
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/keys"
)

// gcm is a quick Sealer, for tests that seal thousands of times: a byte that is
// no text, the number of the key, a nonce and AES-GCM.
type gcm byte

func (g gcm) aead() cipher.AEAD {
	block, _ := aes.NewCipher(bytes.Repeat([]byte{byte(g)}, 16))
	aead, _ := cipher.NewGCM(block)
	return aead
}

func (g gcm) Seal(_ context.Context, plain []byte) ([]byte, error) {
	head := append([]byte{0xff, byte(g)}, rand.Text()[:12]...)
	return g.aead().Seal(head, head[2:], plain, head), nil
}

func (g gcm) Open(_ context.Context, sealed []byte) ([]byte, error) {
	if len(sealed) < 14 || sealed[0] != 0xff {
		return nil, keys.ErrMalformed
	}
	if sealed[1] != byte(g) {
		return nil, keys.ErrPassphrase
	}
	plain, err := g.aead().Open(nil, sealed[2:14], sealed[14:], sealed[:14])
	if err != nil {
		return nil, keys.ErrMalformed
	}
	return plain, nil
}

// world is what the scenarios act on. A sealer of nil is a plain store.
type world struct {
	a, b, c, fresh keys.Identity
	one, two       keys.Sealer
	made           map[string]string // directories to copy, by scenario
}

func newWorld(t *testing.T) *world {
	return &world{generate(t), generate(t), generate(t), generate(t), gcm(1), gcm(2), make(map[string]string)}
}

// open opens with whichever sealer fits and says which.
func (w *world) open(t *testing.T, path string) (*keys.Dir, string) {
	return w.openOn(t, path, func(f keys.Files) keys.Files { return f })
}

func (w *world) openOn(t *testing.T, path string, wrap func(keys.Files) keys.Files) (*keys.Dir, string) {
	d, err := keys.OpenDirOn(t.Context(), path, nil, wrap)
	if err == nil {
		return d, "plain"
	}
	for name, s := range map[string]keys.Sealer{"one": w.one, "two": w.two} {
		if errors.Is(err, keys.ErrSealed) || errors.Is(err, keys.ErrPassphrase) {
			if d, err = keys.OpenDirOn(t.Context(), path, s, wrap); err == nil {
				return d, name
			}
		}
	}
	require.NoError(t, err)
	return nil, ""
}

// state is all that a store holds, and how.
func state(t *testing.T, d *keys.Dir) string {
	list, err := d.List(t.Context())
	require.NoError(t, err)
	var lines []string
	for _, e := range list {
		var id keys.Identity
		kind := "in use"
		if e.Retired.IsZero() {
			id, err = d.Load(t.Context(), e.Name)
		} else {
			kind = "retired"
			id, err = d.LoadRetired(t.Context(), e.Name, e.Retired)
		}
		require.NoError(t, err, "%s, %s", e.Name, kind)
		label := ""
		if e.Retired.IsZero() {
			label, err = d.Label(t.Context(), e.Name)
			require.NoError(t, err)
		}
		lines = append(lines, fmt.Sprintf("%s %s %.6s %s", e.Name, kind, id, label))
	}
	slices.Sort(lines) // those retired are in the order of random times
	return strings.Join(lines, "\n")
}

// reopened is the state after a restart, which leaves nothing lying about.
func (w *world) reopened(t *testing.T, path string) string {
	// Without waiting for the disk: that would take most of the time.
	d, how := w.openOn(t, path, newFaults(path, failBefore, never, 1<<20).wrap)
	defer func() { require.NoError(t, d.Close()) }()
	for _, file := range entries(t, path) {
		require.True(t, file == ".lock" || file == ".sealed" || file == ".index" || !strings.HasPrefix(file, "."), file)
	}
	return how + "\n" + state(t, d)
}
