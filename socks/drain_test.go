package socks_test

import (
	"context"
	"io"
	"net"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The end of what a client sends may be its own end; a server that drains does not wait for it as
// long as else.
func TestShutdownWaitsLessForWhoMayBeGone(t *testing.T) {
	for name, tc := range map[string]struct {
		halfCloseTimeout time.Duration
		peerHalfCloses   bool
		endsBefore       time.Duration // the client's direction, before Shutdown
		play             func(peer net.Conn)
		wait             time.Duration
		err              error
	}{
		"silent for long":      {endsBefore: 10 * time.Second, err: os.ErrDeadlineExceeded},
		"silent":               {endsBefore: time.Second, wait: time.Second, err: os.ErrDeadlineExceeded},
		"ends while draining":  {endsBefore: -10 * time.Second, wait: 12 * time.Second, err: os.ErrDeadlineExceeded},
		"shorter of its own":   {halfCloseTimeout: time.Second, endsBefore: -10 * time.Second, wait: 11 * time.Second, err: os.ErrDeadlineExceeded},
		"off":                  {halfCloseTimeout: -1, endsBefore: time.Second, play: answerLate, wait: 20 * time.Second},
		"peer with half-close": {peerHalfCloses: true, endsBefore: time.Second, play: answerLate, wait: 20 * time.Second},
		"slow answer":          {endsBefore: time.Second, play: answerSlowly, wait: 15 * time.Second},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, far := sockstest.Pipe()
				report := make(chan socks.Report, 1)
				srv := sockstest.Start(t, &socks.Server{
					HalfCloseTimeout: tc.halfCloseTimeout,
					Hooks:            &socks.Hooks{Done: func(_ context.Context, r socks.Report) { report <- r }},
					Dialer: dial(func(context.Context, string, string) (net.Conn, error) {
						if tc.peerHalfCloses {
							return near, nil
						}
						return struct{ net.Conn }{near}, nil
					}),
				})
				c := srv.Client()
				c.Send(greetNone + toHost)
				c.Expect(choseNone + succeeded)
				go func() {
					time.Sleep(max(0, -tc.endsBefore))
					c.CloseWrite()
				}()
				time.Sleep(max(0, tc.endsBefore))
				if tc.play != nil {
					go tc.play(far)
				}
				began := time.Now()
				require.NoError(t, srv.Config.Shutdown(t.Context()))
				assert.Equal(t, tc.wait, time.Since(began))
				assert.ErrorIs(t, (<-report).Err, tc.err)
				got, err := io.ReadAll(c)
				require.NoError(t, err)
				if tc.play != nil {
					assert.Equal(t, "0123456789", string(got))
				}
				far.Close()
			})
		})
	}
}

func answerLate(peer net.Conn) {
	time.Sleep(20 * time.Second)
	peer.Write([]byte("0123456789"))
	peer.Close()
}

func answerSlowly(peer net.Conn) {
	for i := range 10 {
		peer.Write([]byte{'0' + byte(i)})
		time.Sleep(1500 * time.Millisecond)
	}
	peer.Close()
}
