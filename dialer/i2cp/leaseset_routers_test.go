package i2cp_test

import (
	"errors"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/keys"
)

// TestEncryptedLeaseSetsOnRouters hosts a service behind an encrypted lease set, which a program that speaks SAM on another
// router finds, and which is told to be out of reach over I2CP. One for clients alone is told to be none for i2pd.
func TestEncryptedLeaseSetsOnRouters(t *testing.T) {
	t.Parallel()
	nw := routers.Require(t)
	hidden := over(t, nw, 0, func(s *i2cp.Session) { s.LeaseSet.Encrypted = true })
	theirs, ours := overSAM(t, nw, 1), over(t, nw, 1, func(s *i2cp.Session) { s.DialOnly = true })
	lns := listen(t, hidden, theirs)
	host := dialer.Addr{Host: hidden.EncryptedHost(), Port: 80}
	conn, err := dialUntil(t.Context(), theirs, host)
	require.NoError(t, err)
	defer conn.Close()
	var both errgroup.Group
	both.Go(func() error { return flow(conn, 1<<14, 1, 2) })
	in, err := lns[0].Accept()
	require.NoError(t, err)
	defer in.Close()
	both.Go(func() error { return flow(in, 1<<14, 2, 1) })
	require.NoError(t, both.Wait())
	_, err = ours.DialContext(t.Context(), "tcp", host.String())
	assert.ErrorIs(t, err, i2cp.ErrEncryptedHost)
	// A session that is in no directory dials all the same.
	out, err := dialUntil(t.Context(), ours, lns[1].Addr())
	require.NoError(t, err)
	out.Close()

	for _, client := range []i2cp.LeaseSetClient{{Public: keys.GenerateLeaseSetKey().Public()}, {Shared: keys.GenerateLeaseSetKey()}} {
		s := over(t, nw, 0, func(s *i2cp.Session) {
			s.LeaseSet = i2cp.LeaseSet{Encrypted: true, Clients: []i2cp.LeaseSetClient{client}}
		})
		assert.ErrorIs(t, s.Up(t.Context()), errors.ErrUnsupported)
	}
}
