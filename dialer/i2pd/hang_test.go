package i2pd_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

// TestSlowChild: a router that misses an answer now and then is kept.
func TestSlowChild(t *testing.T) {
	t.Parallel()
	r, told := router(t, "slow") // answers every third time
	r.SetPulse(60 * time.Millisecond)
	require.NoError(t, r.Start(t.Context()))
	time.Sleep(time.Second)
	assert.Equal(t, i2pd.Up, r.Status().State)
	assert.Zero(t, r.Status().Restarts)
	for len(told) > 0 {
		assert.NotEqual(t, i2pd.Down, (<-told).State)
	}
}

func TestCountPeers(t *testing.T) {
	dir := netDB(t, 130)
	assert.Equal(t, 130, i2pd.CountPeers(dir))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "netDb", "r1", "other.dat"), nil, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "netDb", "file"), nil, 0o600))
	assert.Equal(t, 130, i2pd.CountPeers(dir))
	assert.Zero(t, i2pd.CountPeers(t.TempDir()))
}

// netDB returns a data folder that knows so many routers.
func netDB(t testing.TB, n int) string {
	dir := t.TempDir()
	for i := range n {
		d := filepath.Join(dir, "netDb", fmt.Sprintf("r%d", i%64))
		require.NoError(t, os.MkdirAll(d, 0o700))
		require.NoError(t, os.WriteFile(filepath.Join(d, fmt.Sprintf("routerInfo-%043d=.dat", i)), nil, 0o600))
	}
	return dir
}

// BenchmarkCountPeers is what once a minute costs.
func BenchmarkCountPeers(b *testing.B) {
	dir := netDB(b, 5000)
	for b.Loop() {
		i2pd.CountPeers(dir)
	}
}

func TestRedact(t *testing.T) {
	for line, want := range map[string]string{
		"10:00:00@1/error - SSU2: no answer":     "10:00:00@1/error - SSU2: no answer",
		"from 192.0.2.7:1234":                    "from ...:1234",
		"from ::1 to fe80::1":                    "from ... to ...",
		"from [2001:db8::7]:80":                  "from [...]:80",
		"from [2001:db8::]:80":                   "from [...]:80",
		"from 2001:db8:1:2:3:4:5:6 x":            "from ... x",
		"from ::ffff:192.0.2.7 x":                "from ... x",
		"from 64:ff9b::192.0.2.7 x":              "from ... x",
		"boost::asio failed, i2p::Log::m_x":      "boost::asio failed, i2p::Log::m_x",
		"LeaseSet of known.i2p and x.b32.i2p":    "LeaseSet of ... and ...",
		"Session " + fmt.Sprintf("%032d", 7):     "Session ...",
		"12:34:56 AM: 3 of 4 tunnels, ratio 1:2": "12:34:56 AM: 3 of 4 tunnels, ratio 1:2",
	} {
		assert.Equal(t, want, i2pd.Redact(line))
	}
}
