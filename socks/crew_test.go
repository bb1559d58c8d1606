package socks_test

import (
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
)

// Some goroutines wait for the next clients; not one for each that there were, few for long, and none once the listener is closed.
func TestGoroutinesThatWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		serving := func() (n int) {
			synctest.Wait()
			buf := make([]byte, 1<<20)
			for g := range strings.SplitSeq(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
				if strings.Contains(g, "synctest bubble") && strings.Contains(g, "created by github.com/go-i2p/i2psocks/socks.(*crew)") {
					n++
				}
			}
			return n
		}
		srv := sockstest.Start(t, &socks.Server{})
		var clients []*sockstest.Client
		for range 20 {
			c := srv.Client()
			c.Send(greetNone)
			c.Expect(choseNone)
			clients = append(clients, c)
		}
		assert.Equal(t, 20, serving())
		for _, c := range clients {
			c.Close()
		}
		assert.Equal(t, 16, serving())
		time.Sleep(time.Second)
		assert.Equal(t, 4, serving())
		for range 10 {
			c := srv.Client()
			c.Send(greetNone)
			c.Expect(choseNone)
			c.Close()
			assert.Equal(t, 4, serving(), "one of them")
		}
		srv.Config.Close()
		assert.Zero(t, serving())
	})
}
