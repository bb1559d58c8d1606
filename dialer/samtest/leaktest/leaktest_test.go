package leaktest

import (
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/keys"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// failing is a test whose failures are taken down.
type failing struct {
	testing.TB
	errors  []string
	cleanup []func()
}

func (f *failing) Helper()                   {}
func (f *failing) Cleanup(g func())          { f.cleanup = append(f.cleanup, g) }
func (f *failing) Error(args ...any)         { f.errors = append(f.errors, fmt.Sprint(args...)) }
func (f *failing) Errorf(s string, a ...any) { f.errors = append(f.errors, fmt.Sprintf(s, a...)) }
func (f *failing) end() {
	for len(f.cleanup) > 0 {
		last := len(f.cleanup) - 1
		f.cleanup[last]()
		f.cleanup = f.cleanup[:last]
	}
}

func TestGuard(t *testing.T) {
	system := net.DefaultResolver
	quiet := &failing{TB: t}
	Guard(quiet)
	quiet.end()
	assert.Empty(t, quiet.errors)
	assert.Same(t, system, net.DefaultResolver)

	loud := &failing{TB: t}
	o := Guard(loud)
	_, err := net.LookupHost("tracker.example")
	assert.ErrorContains(t, err, errQuestion.Error())
	assert.Positive(t, o.Questions())
	_, err = (&http.Client{Transport: &http.Transport{Proxy: http.ProxyFromEnvironment}}).Get("http://192.0.2.1/")
	assert.Error(t, err)
	assert.Positive(t, o.Connections())
	loud.end()
	assert.Len(t, loud.errors, 2)
}

func TestIdentities(t *testing.T) {
	var ids Identities
	addr := func(b byte) net.Addr {
		return dialer.Addr{Host: strings.Repeat(string(rune(0x60+b)), 52) + ".b32.i2p", Port: 80}
	}
	require.NoError(t, ids.Saw("alice", addr(1)))
	require.NoError(t, ids.Saw("bob", addr(2)))
	require.NoError(t, ids.Saw("alice", dialer.Addr{Host: addr(1).(dialer.Addr).Host}), "the port does not matter")
	assert.Equal(t, 2, ids.Len())
	for who, b := range map[string]byte{"alice": 2, "bob": 3, "carol": 1} {
		err := ids.Saw(who, addr(b))
		assert.ErrorIs(t, err, ErrMixed, who)
		assert.ErrorContains(t, err, who)
		assert.NotContains(t, err.Error(), "b32.i2p")
	}
	assert.Equal(t, 2, ids.Len())
}

// careless shows what it should not, by one way.
type careless struct{ key []byte }

func TestRecorder(t *testing.T) {
	id, err := keys.Generate()
	require.NoError(t, err)
	blob, err := keys.Export(id, keys.FormatBinary)
	require.NoError(t, err)
	for name, leak := range map[string]any{
		"text": id.Reveal(), "bytes": blob, "array": [32]byte(blob[len(blob)-32:]), "part": blob[len(blob)-20:][:8],
		"text of a part": id.Reveal()[len(id.Reveal())-30:], "error": fmt.Errorf("cannot use %q", id.Reveal()), "struct": struct{ key []byte }{blob},
		"pointer": &struct{ in *careless }{&careless{blob}}, "map": map[string]any{"key": blob}, "JSON": json.RawMessage(`"` + id.Reveal() + `"`),
		"wrapped": fmt.Errorf("one: %w", errors.Join(errors.New("two"), errors.New(id.Reveal()))),
	} {
		r := new(Recorder)
		require.NoError(t, r.Identity("key", id))
		r.Print(id, &id, nil)
		assert.Empty(t, r.Found())
		r.Print(leak)
		assert.NotEmpty(t, r.Found(), name)
		f := &failing{TB: t}
		r.Check(f)
		assert.NotEmpty(t, f.errors, name)
	}
}

func TestRecorderTexts(t *testing.T) {
	r := new(Recorder)
	f := &failing{TB: t}
	r.Check(f)
	assert.Len(t, f.errors, 1, "nothing was taken down")
	r.Text("password", "hunter2")
	r.Text("nothing", "")
	key := keys.GenerateLeaseSetKey()
	require.NoError(t, r.LeaseSetKey("credential", key))
	log := slog.New(r.Handler())
	log.Debug("session up", "tunnels", 3)
	r.Check(t)
	log.With("p", "hunter2").Debug("oops")
	assert.Len(t, r.Found(), 1)
	fmt.Fprintf(r, "%s", key.Reveal())
	assert.Contains(t, fmt.Sprint(r.Found()), "credential, ")
}
