package i2cptest_test

import (
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
	"github.com/go-i2p/i2psocks/keys"
)

func TestStatuses(t *testing.T) {
	each(t, func(t *testing.T, kind i2cptest.Kind) {
		nw := i2cptest.NewStrict(t)
		a := up(t, nw.Start(&i2cptest.Router{Kind: kind, BuildTime: -1}))
		b := up(t, nw.Start(nil))
		stranger := &client{t: t}
		var err error
		stranger.id, err = keys.Generate()
		require.NoError(t, err)
		synctest.Wait()
		final := func() i2cpwire.MessageStatus {
			for {
				if m := next[i2cpwire.MessageStatus](a); m.Status != i2cpwire.StatusAccepted {
					return m
				}
			}
		}
		a.message(b, "hello", 7)
		assert.Equal(t, uint32(7), final().Nonce)
		assert.Equal(t, "hello", b.receive())
		a.message(stranger, "hello", 8)
		m := final()
		assert.Equal(t, i2cpwire.StatusNoLeaseSet, m.Status)
		assert.Equal(t, uint32(8), m.Nonce)
	})
}

// TestLargePayloads sends what is over the limit that the codec holds clients to.
func TestLargePayloads(t *testing.T) {
	for kind, crash := range map[i2cptest.Kind]int{i2cptest.I2PD256: 63023, i2cptest.I2PD259: 65023} {
		synctest.Test(t, func(t *testing.T) {
			nw := network(t)
			r := nw.Start(&i2cptest.Router{Kind: kind, BuildTime: -1})
			a, b := up(t, r), up(t, nw.Start(nil))
			synctest.Wait()
			for _, n := range []int{62500, 62600, crash} {
				body := []byte{byte(a.sid >> 8), byte(a.sid)}
				body, err := b.id.Destination().AppendBinary(body)
				require.NoError(t, err)
				body = append(body, 0, 0, byte(n>>8), byte(n))
				payload, err := i2cpwire.AppendPayload(nil, i2cpwire.Header{Protocol: i2cpwire.Raw}, nil)
				require.NoError(t, err)
				body = append(append(body, append(payload, make([]byte, n-len(payload))...)...), 0, 0, 0, 0)
				a.send(i2cpwire.Unknown{Kind: i2cpwire.TypeSendMessage, Body: body})
				synctest.Wait()
			}
			next[i2cpwire.MessagePayload](b)
			stats := r.Stats()
			assert.Equal(t, 1, stats.Lost, "62,600 bytes vanish")
			assert.Equal(t, 1, stats.Crashes, "%d bytes abort", crash)
			_, err := r.Dial(t.Context())
			assert.ErrorIs(t, err, syscall.ECONNREFUSED)
		})
	}
}

func TestSlowReader(t *testing.T) {
	for kind, want := range map[i2cptest.Kind]int{i2cptest.Java: 256, i2cptest.I2PD256: 600} {
		synctest.Test(t, func(t *testing.T) {
			nw := network(t)
			r := nw.Start(&i2cptest.Router{Kind: kind, BuildTime: -1})
			a, b := up(t, nw.Start(nil)), up(t, r)
			synctest.Wait()
			for range 1500 {
				a.message(b, strings.Repeat("x", 1700), 0)
			}
			synctest.Wait()
			taken := 1500 - r.Stats().Overflow // the router's queue, and as much again that it is about to write
			assert.True(t, want <= taken && taken <= 2*want+100, "%v: %d messages", kind, taken)
			assert.NotEmpty(t, nw.Violations())
		})
	}
}

func TestCutOff(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := network(t)
		r := nw.Start(&i2cptest.Router{Kind: i2cptest.I2PD259, BuildTime: -1})
		a, b := up(t, r), up(t, nw.Start(nil))
		synctest.Wait()
		r.SetLink(i2cptest.Link{Loss: 1})
		for range 900 {
			a.message(b, "lost", 0)
		}
		synctest.Wait()
		r.SetLink(i2cptest.Link{})
		a.message(b, "lost too", 0)
		synctest.Wait()
		time.Sleep(2 * time.Minute)
		a.message(b, "arrives", 0)
		assert.Equal(t, "arrives", b.receive())
		assert.Equal(t, 901, r.Stats().Lost)
	})
}
