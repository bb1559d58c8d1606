package sam

import (
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// TestAbort: the session is gone at once, whatever its streams still have to deliver, also in the midst of a Close.
func TestAbort(t *testing.T) {
	for name, closing := range map[string]bool{"at once": false, "during Close": true} {
		t.Run(name, func(t *testing.T) {
			for _, kind := range routers {
				t.Run(kind.String(), func(t *testing.T) {
					synctest.Test(t, func(t *testing.T) { testAbort(t, kind, closing) })
				})
			}
		})
	}
}

func testAbort(t *testing.T, kind samtest.Router, closing bool) {
	nw := samtest.NewNetwork() // not a strict one: Abort loses what routers must be given time for
	defer nw.Close()
	a, b := nw.Start(&samtest.Bridge{Router: kind}), nw.Start(&samtest.Bridge{Router: kind})
	host, s := session(t, b), session(t, a)
	stay := make(chan struct{})
	site(t, host, func(net.Conn) { <-stay })
	defer close(stay)
	conn, err := s.DialContext(t.Context(), "tcp", host.Addr().Host+":80")
	require.NoError(t, err)
	_, err = io.WriteString(conn, "unsaid")
	require.NoError(t, err)
	closed := make(chan error, 1)
	if closing {
		go func() { closed <- s.Close() }()
		time.Sleep(linger / 2)
	}
	begin := time.Now()
	require.NoError(t, s.Abort())
	assert.Zero(t, time.Since(begin))
	synctest.Wait()
	assert.Empty(t, a.Sessions())
	assert.Zero(t, s.Status().Streams)
	_, err = conn.Write([]byte("x"))
	assert.ErrorIs(t, err, net.ErrClosed)
	if closing {
		assert.NoError(t, <-closed)
	}
	assert.NoError(t, s.Close())
	assert.NoError(t, new(Session).Abort(), "never used")
}
