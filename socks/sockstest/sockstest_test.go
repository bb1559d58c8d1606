package sockstest_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// peer is a backend with one peer, which says hello.
type peer struct{}

func (peer) DialContext(_ context.Context, _, address string) (net.Conn, error) {
	if address != "hello.i2p:80" {
		return nil, errors.New("no such peer")
	}
	near, far := sockstest.Pipe()
	fmt.Fprint(far, "hello")
	return near, far.Close()
}

func TestStart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := sockstest.Start(t, &socks.Server{Dialer: peer{}, Authenticate: socks.Secret("pw")})

		conn, err := srv.Dialer("me", "pw").Dial("tcp", "hello.i2p:80")
		require.NoError(t, err)
		sockstest.NewClient(t, conn).Expect("68 65 6c 6c 6f")

		_, err = srv.Dialer("me", "wrong").Dial("tcp", "hello.i2p:80")
		assert.Error(t, err)

		start := time.Now()
		c := srv.Client()
		c.SendBytewise("04 01 00 50 00 00 00 01", time.Second)
		c.Send("6d 65 3a 70 77 00") // me:pw
		c.Send("78 2e 69 32 70 00") // x.i2p
		c.Expect("00 5b 00 00 00 00 00 00")
		c.ExpectEnd()
		assert.Equal(t, 8*time.Second, time.Since(start))

		srv.Close()
		srv.Close()
		_, err = srv.DialContext(t.Context(), "", "")
		assert.Error(t, err)
	})
}

// record is a testing.TB that notes a failure.
type record struct {
	testing.TB
	failed bool
}

func (r *record) Helper() {}
func (r *record) Fatalf(string, ...any) {
	r.failed = true
	panic(r)
}

func TestClientNoticesWhatIsWrong(t *testing.T) {
	for name, act := range map[string]func(c *sockstest.Client, far net.Conn){
		"other bytes": func(c *sockstest.Client, far net.Conn) { fmt.Fprint(far, "x"); c.Expect("79") },
		"too few":     func(c *sockstest.Client, far net.Conn) { fmt.Fprint(far, "x"); far.Close(); c.Expect("78 78") },
		"nothing":     func(c *sockstest.Client, far net.Conn) { c.Expect("78") },
		"more":        func(c *sockstest.Client, far net.Conn) { fmt.Fprint(far, "x"); far.Close(); c.ExpectEnd() },
		"no end":      func(c *sockstest.Client, far net.Conn) { c.ExpectEnd() },
		"not hex":     func(c *sockstest.Client, far net.Conn) { c.Send("0") },
		"closed":      func(c *sockstest.Client, far net.Conn) { far.Close(); c.Send("00") },
	} {
		synctest.Test(t, func(t *testing.T) {
			near, far := sockstest.Pipe()
			defer far.Close()
			r := &record{TB: t}
			assert.Panics(t, func() { act(sockstest.NewClient(r, near), far) }, name)
			assert.True(t, r.failed, name)
		})
	}
}
