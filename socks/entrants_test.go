package socks_test

import (
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Connections that say nothing could keep everybody out until their time was over.
func TestHalfOpenClientsGiveWay(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := sockstest.Start(t, &socks.Server{Dialer: &echo{}, MaxConns: 20})
		crowd := make([]*sockstest.Client, 20)
		for i := range crowd {
			crowd[i] = srv.Client()
			crowd[i].Send("05 01")
			synctest.Wait()
		}
		began := time.Now()
		for i, half := range crowd {
			c := srv.Client()
			c.Send(greetNone + toHost)
			c.Expect(choseNone + succeeded)
			half.ExpectEnd()
			if i+1 < len(crowd) {
				require.NoError(t, crowd[i+1].SetReadDeadline(time.Now().Add(time.Millisecond)))
				_, err := crowd[i+1].Read(make([]byte, 1))
				assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "one is enough")
			}
			relayed(t, c)
			assert.Equal(t, 20, srv.Config.Status().Clients)
		}
		assert.Less(t, time.Since(began), time.Second)

		late := srv.Client() // who are served keep their places
		late.Send(toHost4a)
		late.Expect(rejected)
		late.ExpectEnd()
	})
}
