package i2pd_test

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2pd"
	"github.com/go-i2p/i2psocks/internal/logtest"
)

// TestProblem: a router without peers says so, until it has some.
func TestProblem(t *testing.T) {
	r, _ := router(t, "")
	log := new(logtest.Buffer)
	r.Logger = slog.New(slog.NewTextHandler(log, nil))
	assert.NoError(t, r.Problem(), "never used")
	require.NoError(t, r.Start(t.Context()))
	assert.ErrorIs(t, r.Problem(), i2pd.ErrFewPeers)
	assert.ErrorContains(t, r.Problem(), ": 1; ")
	assert.Eventually(t, func() bool { return strings.Contains(log.String(), "peers=1 enough=25") }, 20*time.Second, time.Millisecond)
	for i := range 24 {
		name := filepath.Join(r.Dir, "netDb", "r0", fmt.Sprintf("routerInfo-%d.dat", i))
		require.NoError(t, os.WriteFile(name, nil, 0o600))
	}
	assert.NoError(t, r.Problem())
	require.NoError(t, r.Close())
	assert.ErrorIs(t, r.Problem(), i2pd.ErrClosed)

	failed, _ := router(t, "crash")
	err := failed.Start(t.Context())
	assert.Equal(t, err, failed.Problem())
}

// TestScarcityIsSaidNowAndThen: ever less often.
func TestScarcityIsSaidNowAndThen(t *testing.T) {
	var said []int
	due := i2pd.Scarcity()
	for minute := range 40 {
		if due(time.Unix(int64(60*minute), 0)) {
			said = append(said, minute)
		}
	}
	assert.Equal(t, []int{0, 1, 3, 7, 15, 31}, said)
}
