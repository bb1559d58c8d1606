package i2pd_test

import (
	"net/netip"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2pd"
)

// TestI2CP: who asks for it before the start gets I2CP beside SAM, on the same port when the child is replaced.
func TestI2CP(t *testing.T) {
	asked, told := router(t, "")
	conn, err := asked.DialI2CP(t.Context())
	require.NoError(t, err)
	conn.Close()
	s := asked.Status()
	assert.Equal(t, s.I2CP, conn.RemoteAddr().String())
	assert.NotEqual(t, s.Address, s.I2CP)
	assert.LessOrEqual(t, netip.MustParseAddrPort(s.I2CP).Port(), uint16(32767), "outgoing connections do not get it while the child is down")
	require.NoError(t, syscall.Kill(s.PID, syscall.SIGKILL))
	await(t, told, func(s i2pd.Status) bool { return s.State == i2pd.Down })
	conn, err = asked.DialI2CP(t.Context())
	require.NoError(t, err)
	conn.Close()
	assert.Equal(t, s.I2CP, conn.RemoteAddr().String())
	require.NoError(t, asked.Close())
	_, err = asked.DialI2CP(t.Context())
	assert.ErrorIs(t, err, i2pd.ErrClosed)

	set, _ := router(t, "")
	set.I2CP = true
	for _, dial := range []func() error{
		func() error { return set.Start(t.Context()) },
		func() error { conn, err := set.DialI2CP(t.Context()); conn.Close(); return err },
		func() error { conn, err := set.DialSAM(t.Context()); conn.Close(); return err },
	} {
		require.NoError(t, dial())
	}

	late, _ := router(t, "")
	require.NoError(t, late.Start(t.Context()))
	assert.Empty(t, late.Status().I2CP)
	_, err = late.DialI2CP(t.Context())
	assert.ErrorIs(t, err, i2pd.ErrNoI2CP)
}

// TestStayWithI2CP: a child that stayed is taken over with its ports by who wants the same of them, and no other.
func TestStayWithI2CP(t *testing.T) {
	first, _ := staying(t, "")
	first.I2CP = true
	pid, _ := leave(t, first)
	second, _ := next(t, first)
	second.I2CP = true
	require.NoError(t, second.Start(t.Context()))
	assert.Equal(t, []any{pid, first.Status().I2CP}, []any{second.Status().PID, second.Status().I2CP})
	require.NoError(t, second.Close())

	without, _ := next(t, first)
	other, _ := leave(t, without)
	assert.NotEqual(t, pid, other)
	assert.Empty(t, without.Status().I2CP)
	again, _ := next(t, first)
	again.I2CP = true
	require.NoError(t, again.Start(t.Context()))
	assert.NotEqual(t, other, again.Status().PID)
	assert.NotEmpty(t, again.Status().I2CP)
}
