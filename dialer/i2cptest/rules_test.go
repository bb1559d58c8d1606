package i2cptest_test

import (
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
)

func TestViolations(t *testing.T) {
	tests := map[string]func(c *client){
		"before the answer": func(c *client) { c.send(i2cpwire.GetBandwidthLimits{}) },
		"version":           func(c *client) { c.send(i2cpwire.GetDate{Version: "0.9.40"}) },
		"messageReliability": func(c *client) {
			c.hello()
			o := options()
			delete(o, "i2cp.messageReliability")
			c.create(o)
		},
		"quantity": func(c *client) { c.hello(); o := options(); o["inbound.quantity"] = "x"; c.create(o) },
		"secret":   func(c *client) { c.hello(); o := options(); o["i2cp.leaseSetPrivKey"] = "x"; c.create(o) },
		"clock":    func(c *client) { c.hello(); c.date = c.date.Add(time.Minute); c.create(options()) },
		"second CreateSession": func(c *client) {
			c.hello()
			c.create(options())
			c.create(options())
		},
	}
	want := map[string]string{"secret": "given i2cp.leaseSetPrivKey"}
	for name, f := range tests {
		synctest.Test(t, func(t *testing.T) {
			nw := network(t)
			c := dial(t, nw.Start(&i2cptest.Router{Kind: i2cptest.I2PD259}))
			f(c)
			synctest.Wait()
			text := name
			if w, ok := want[name]; ok {
				text = w
			}
			assert.Contains(t, fmt.Sprint(nw.Violations()), text)
		})
	}
}

func TestFirstByte(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := network(t)
		conn, err := nw.Start(nil).Dial(t.Context())
		require.NoError(t, err)
		defer conn.Close()
		_, err = conn.Write([]byte("G"))
		require.NoError(t, err)
		_, err = conn.Read(make([]byte, 1))
		assert.Equal(t, io.EOF, err)
		assert.Contains(t, fmt.Sprint(nw.Violations()), "first byte is 47")
	})
}

func TestStrictFails(t *testing.T) {
	tb := &recorder{}
	nw := i2cptest.NewStrict(tb)
	c := dial(t, nw.Start(nil))
	c.send(i2cpwire.GetBandwidthLimits{})
	next[i2cpwire.BandwidthLimits](c)
	c.conn.Close()
	for _, f := range tb.cleanups {
		f()
	}
	require.Len(t, tb.errors, 1)
	assert.Equal(t, nw.Violations()[0], strings.TrimPrefix(tb.errors[0], "i2cptest: "))
}

type recorder struct {
	errors   []string
	cleanups []func()
}

func (r *recorder) Helper()                   {}
func (r *recorder) Errorf(f string, a ...any) { r.errors = append(r.errors, fmt.Sprintf(f, a...)) }
func (r *recorder) Cleanup(f func())          { r.cleanups = append(r.cleanups, f) }
