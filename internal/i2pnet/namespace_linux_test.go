package i2pnet

import (
	"errors"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sys/unix"
)

// TestCongestionControl: routers have the one that was asked for, and nobody else has another for it.
func TestCongestionControl(t *testing.T) {
	if err := unix.Access(congestionControl, unix.W_OK); err != nil {
		t.Skip(congestionControl, err) // not as root, or /proc/sys is read-only, as in some containers
	}
	before, err := os.ReadFile(congestionControl)
	require.NoError(t, err)
	ns, err := newNamespace(t.Context(), "reno")
	if errors.Is(err, ErrMissing) {
		demand(t, err)
	}
	require.NoError(t, err)
	defer func() { assert.NoError(t, ns.remove()) }()
	assert.NoError(t, ns.enter(func() error {
		name, err := os.ReadFile(congestionControl)
		assert.Equal(t, "reno\n", string(name))
		return err
	}))
	after, err := os.ReadFile(congestionControl)
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after))

	_, err = newNamespace(t.Context(), "none such")
	assert.ErrorIs(t, err, ErrMissing)
}
