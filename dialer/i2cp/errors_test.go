package i2cp

import (
	"errors"
	"fmt"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/dialer/internal/streaming"
)

// What a router says of a first packet ends a dial at once, when nothing could change it, after ten seconds, or not at all.
func TestStatusesOfDials(t *testing.T) {
	const never = DefaultDialTimeout
	for status, tt := range map[i2cpwire.DeliveryStatus]struct {
		want error
		ends time.Duration
	}{
		i2cpwire.StatusBadMessage:        {dialer.ErrPeerUnreachable, 0},
		i2cpwire.StatusBadEncryption:     {dialer.ErrPeerUnreachable, 0},
		i2cpwire.StatusBadDestination:    {dialer.ErrPeerUnreachable, 0},
		i2cpwire.StatusBadLeaseSet:       {dialer.ErrPeerUnreachable, 0},
		i2cpwire.StatusMetaLeaseSet:      {dialer.ErrPeerUnreachable, 0},
		i2cpwire.StatusLoopback:          {dialer.ErrPeerUnreachable, 0},
		i2cpwire.StatusGuaranteedFailure: {dialer.ErrPeerUnreachable, findTime},
		i2cpwire.StatusRouterFailure:     {dialer.ErrPeerUnreachable, findTime},
		i2cpwire.StatusNetworkFailure:    {dialer.ErrPeerUnreachable, findTime},
		i2cpwire.StatusOverflow:          {dialer.ErrPeerUnreachable, findTime},
		i2cpwire.StatusExpired:           {dialer.ErrPeerUnreachable, findTime},
		i2cpwire.StatusExpiredLeaseSet:   {dialer.ErrPeerUnreachable, findTime},
		i2cpwire.StatusNoLeaseSet:        {dialer.ErrLeaseSetNotFound, findTime},
		i2cpwire.StatusBadLocalLeaseSet:  {dialer.ErrTimeout, never},
		i2cpwire.StatusNoTunnels:         {dialer.ErrTimeout, never},
	} {
		t.Run(status.String(), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				nw := i2cptest.NewStrict(t)
				r := nw.Start(nil)
				a, b := on(t, r), on(t, nw.Start(nil))
				require.NoError(t, b.Up(t.Context()))
				require.NoError(t, a.Up(t.Context()))
				r.Inject(i2cptest.Fault{On: "SendMessageExpires", Status: uint8(status), Times: -1})
				begin := time.Now()
				_, err := a.DialContext(t.Context(), "tcp", b.Addr().Destination.Base64()+":80")
				assert.ErrorIs(t, err, tt.want)
				if status != i2cpwire.StatusNoLeaseSet { // which the error says itself
					assert.ErrorContains(t, err, status.String())
				}
				assert.InDelta(t, tt.ends.Seconds(), time.Since(begin).Seconds(), 1.5)
				assert.Zero(t, a.Status().Streams)
			})
		})
	}
}

func TestStreamLimit(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := i2cptest.NewStrict(t)
		a, b := on(t, nw.Start(nil), func(s *Session) { s.Limits.Streams = 1 }), on(t, nw.Start(nil))
		client, _ := streamPair(t, a, b)
		_, err := a.DialContext(t.Context(), "tcp", b.Addr().Host+":80")
		assert.ErrorIs(t, err, dialer.ErrLimit)
		assert.ErrorIs(t, err, syscall.EDQUOT)
		require.NoError(t, client.Close())
		time.Sleep(time.Minute)
		_, err = a.DialContext(t.Context(), "tcp", b.Addr().Host+":80")
		assert.ErrorIs(t, err, dialer.ErrRefused, "nobody listens any more")
	})
}

// Reasons of package streaming are told in the words of package dialer.
func TestDialError(t *testing.T) {
	for from, want := range map[error]error{
		streaming.ErrSignature: dialer.ErrPeerUnreachable, streaming.ErrGone: dialer.ErrPeerUnreachable,
		streaming.ErrReset: dialer.ErrRefused, streaming.ErrRefused: dialer.ErrRefused,
		streaming.ErrTimeout: dialer.ErrTimeout, streaming.ErrLimit: dialer.ErrLimit, errLocked: errLocked,
	} {
		got := dialError(fmt.Errorf("wrapped: %w", from))
		assert.ErrorIs(t, got, want)
		assert.Equal(t, want == from, errors.Is(got, from))
	}
}
