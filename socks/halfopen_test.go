package socks_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
)

// One byte and silence held a place for ever.
func TestLessonHalfOpenClientsGoAway(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := sockstest.Start(t, &socks.Server{Dialer: &echo{}, MaxConns: 20_000})
		crowd := make([]*sockstest.Client, 10_000)
		for i := range crowd {
			crowd[i] = srv.Client()
			crowd[i].Send("05")
		}
		c := srv.Client()
		c.Send(greetNone + toHost)
		c.Expect(choseNone + succeeded)
		time.Sleep(30 * time.Second)
		for _, half := range crowd {
			half.ExpectEnd()
		}
		relayed(t, c)
	})
}
