package sam

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// TestStatusChanged: every state is told once and in order, with its error, and a host that is slow
// to listen holds nothing up and misses nothing.
func TestStatusChanged(t *testing.T) {
	for name, slow := range map[string]time.Duration{"quick host": 0, "slow host": time.Hour} {
		t.Run(name, func(t *testing.T) {
			onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
				var told []dialer.Status
				s := session(t, a)
				s.StatusChanged = func(st dialer.Status) {
					time.Sleep(slow)
					told = append(told, st)
				}
				a.Kill()
				require.Error(t, s.Up(t.Context()))
				require.NoError(t, a.Restart())
				require.NoError(t, s.Up(t.Context()))
				a.Kill()
				time.Sleep(10 * time.Minute)
				require.NoError(t, a.Restart())
				require.NoError(t, s.Up(t.Context()))
				begin := time.Now()
				require.NoError(t, s.Close())
				assert.LessOrEqual(t, time.Since(begin), closeGrace)
				time.Sleep(10 * slow)
				synctest.Wait()

				var states []dialer.State
				for _, st := range told {
					states = append(states, st.State)
				}
				assert.Equal(t, []dialer.State{
					dialer.Starting, dialer.Idle, dialer.Starting, dialer.Up, dialer.Down, dialer.Up, dialer.Closed,
				}, states)
				assert.ErrorIs(t, told[1].Err, dialer.ErrRouterDown)
				assert.Contains(t, told[3].Router, "SAM 3.")
				for i := 1; i < len(told); i++ {
					assert.False(t, told[i].Since.Before(told[i-1].Since))
				}
			})
		})
	}
}

// TestCloseInStatusChanged: the host may close the session, or use it, from within the call.
func TestCloseInStatusChanged(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		for _, at := range []dialer.State{dialer.Starting, dialer.Up, dialer.Down, dialer.Closed} {
			s, ended := session(t, a), make(chan struct{})
			s.StatusChanged = func(st dialer.Status) {
				assert.LessOrEqual(t, st.State, s.Status().State)
				if st.State == at {
					assert.NoError(t, s.Close())
				}
				if st.State == dialer.Closed {
					close(ended)
				}
			}
			s.Up(t.Context())
			for _, running := range a.Sessions() {
				a.CloseSession(running.ID)
			}
			synctest.Wait()
			if at == dialer.Closed {
				s.Close()
			}
			<-ended
		}
	})
}

// TestCloseBeforeUse: a session that was never used is closed all the same, and says so.
func TestCloseBeforeUse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []dialer.State
		s := &Session{StatusChanged: func(st dialer.Status) { told = append(told, st.State) }}
		require.NoError(t, s.Close())
		synctest.Wait()
		assert.Equal(t, []dialer.State{dialer.Closed}, told)
		assert.Equal(t, dialer.Closed, s.Status().State)
		assert.ErrorIs(t, s.Up(t.Context()), dialer.ErrSessionClosed)
	})
}

// TestStatusAnytime: Status may be called while the first use sets the session up.
func TestStatusAnytime(t *testing.T) {
	s := &Session{}
	defer s.Close()
	var asked sync.WaitGroup
	defer asked.Wait()
	for range 4 {
		asked.Go(func() { assert.Equal(t, dialer.Idle, s.Status().State) })
	}
	assert.NotZero(t, s.Addr())
}
