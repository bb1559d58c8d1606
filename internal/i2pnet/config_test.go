package i2pnet

import (
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfigRefuses(t *testing.T) {
	for name, c := range map[string]Config{
		"negative routers":    {Routers: -1},
		"negative floodfills": {Floodfills: -1},
		"no address left":     {Routers: 200},
	} {
		_, err := Start(t.Context(), c)
		require.Error(t, err, name)
		assert.NotErrorIs(t, err, ErrMissing, name)
	}
}

func TestMissing(t *testing.T) {
	_, err := Start(t.Context(), Config{I2PD: t.TempDir()})
	assert.ErrorIs(t, err, ErrMissing)
	assert.ErrorContains(t, err, "no i2pd in ")
	t.Setenv("PATH", "")
	_, err = Start(t.Context(), Config{})
	assert.ErrorIs(t, err, ErrMissing)
	assert.ErrorContains(t, err, "no i2pd in PATH")
}

// TestSettings checks what keeps the routers inside and apart.
func TestSettings(t *testing.T) {
	plain, floodfill := settings("198.18.0.1", "127.0.0.1", false), settings("198.18.3.2", "127.0.0.2", true)
	for _, s := range []string{plain, floodfill} {
		for _, want := range []string{"netid=88", "subscriptions=\n", "urls=\nyggurls=\n", "verify=false\nzipfile=reseed.zip\n", "nat=false"} {
			assert.Contains(t, s, want)
		}
		assert.NotContains(t, s, "%!")
		for _, own := range []string{"exploratory", "shareddest"} { // longer tunnels make routers dial each other at once
			_, section, ok := strings.Cut(s, "["+own+"]\n")
			require.True(t, ok, own)
			section, _, _ = strings.Cut(section, "[")
			assert.Contains(t, section, "inbound.length=0\n", own)
			assert.Contains(t, section, "outbound.length=0\n", own)
		}
	}
	assert.Contains(t, plain, "floodfill=false")
	assert.Contains(t, plain, "host=198.18.0.1\n")
	assert.Contains(t, floodfill, "host=198.18.3.2\n")
	assert.Contains(t, floodfill, "floodfill=true")
	assert.Contains(t, floodfill, "address=127.0.0.2\nport=7656\n")
}

func TestPeerAddress(t *testing.T) {
	address, err := peerAddress(maxRouters-1, 255)
	require.NoError(t, err)
	assert.Equal(t, "198.18.255.200", address)
	_, err = peerAddress(0, 256)
	assert.Error(t, err)
}

func TestLineWriter(t *testing.T) {
	var out strings.Builder
	var mu sync.Mutex
	a := &lineWriter{mu: &mu, out: &out, prefix: "a: "}
	b := &lineWriter{mu: &mu, out: &out, prefix: "b: "}
	for _, write := range []struct {
		w    *lineWriter
		text string
	}{{a, "on"}, {b, "two\nthr"}, {a, "e\n\x1b[1;31mred\x1b[0m\n"}, {b, "ee\n"}, {a, "lost"}} {
		n, err := write.w.Write([]byte(write.text))
		require.NoError(t, err)
		assert.Len(t, write.text, n)
	}
	assert.Equal(t, "b: two\na: one\na: red\nb: three\n", out.String())
	assert.Equal(t, "red", a.lastLine())
}
