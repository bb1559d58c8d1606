package sam

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// What waits for the router at Close is told that its owner has closed the session, at once.
func TestCloseWhileWaiting(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		s, other := session(t, a), session(t, b)
		require.NoError(t, other.Up(t.Context()))
		ln, err := s.Listen(t.Context(), "tcp", ":80")
		require.NoError(t, err)
		pc, err := s.ListenPacket(t.Context(), "udp", ":1")
		require.NoError(t, err)
		for _, on := range []string{"STREAM CONNECT", "NAMING LOOKUP"} {
			a.Inject(samtest.Fault{On: on, Delay: time.Minute, Times: -1})
		}
		ended := make(chan error, 5)
		for _, f := range []func() error{
			func() error { _, err := ln.Accept(); return err },
			func() error { _, err := s.DialContext(t.Context(), "tcp", other.Addr().Host+":80"); return err },
			func() error { _, err := s.Lookup(t.Context(), "known.i2p"); return err },
			func() error { _, _, err := pc.ReadFrom(make([]byte, 10)); return err },
			func() error { _, err := pc.WriteTo([]byte("x"), dialer.Addr{Host: "known.i2p"}); return err },
		} {
			go func() { ended <- f() }()
		}
		synctest.Wait()
		begin := time.Now()
		go s.Close()
		for range cap(ended) {
			assert.ErrorIs(t, <-ended, net.ErrClosed)
		}
		assert.Less(t, time.Since(begin), 2*time.Second)
		time.Sleep(2 * time.Minute)
		assert.Equal(t, dialer.Closed, s.Status().State)
	})
}
