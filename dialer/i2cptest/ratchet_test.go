package i2cptest_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
)

// What goes to a peer that has not answered is lost, or spaced, on i2pd.
func TestFirstMessages(t *testing.T) {
	for _, tt := range []struct {
		kind i2cptest.Kind
		gap  time.Duration
		want []string // that arrive of a, b, c before there is an answer
	}{
		{i2cptest.Java, 0, []string{"a", "b", "c"}},
		{i2cptest.Instant, 0, []string{"a", "b", "c"}},
		{i2cptest.I2PD256, 0, []string{"a"}},
		{i2cptest.I2PD256, time.Second, []string{"a"}},
		{i2cptest.I2PD256, 3 * time.Minute, []string{"a", "b", "c"}},
		{i2cptest.I2PD259, 0, []string{"a"}},
		{i2cptest.I2PD259, time.Second, []string{"a", "b", "c"}},
	} {
		synctest.Test(t, func(t *testing.T) {
			nw := i2cptest.NewStrict(t)
			a := up(t, nw.Start(&i2cptest.Router{Kind: tt.kind, BuildTime: -1}))
			b := up(t, nw.Start(&i2cptest.Router{Kind: tt.kind, BuildTime: -1}))
			synctest.Wait()
			time.Sleep(time.Second)
			for i, data := range []string{"a", "b", "c"} {
				time.Sleep(tt.gap)
				a.message(b, data, uint32(i+1))
				if tt.kind == i2cptest.Java {
					assert.Equal(t, i2cpwire.StatusAccepted, next[i2cpwire.MessageStatus](a).Status)
				}
				assert.Equal(t, i2cpwire.StatusGuaranteedSuccess, next[i2cpwire.MessageStatus](a).Status)
			}
			for _, want := range tt.want {
				assert.Equal(t, want, b.receive(), tt.kind.String())
			}
			b.message(a, "answer", 0)
			assert.Equal(t, "answer", a.receive())
			a.message(b, "d", 0)
			a.message(b, "e", 0)
			assert.Equal(t, "d", b.receive())
			assert.Equal(t, "e", b.receive())
		})
	}
}

// Two first messages that cross are answered by neither.
func TestFirstMessagesCross(t *testing.T) {
	for kind, lost := range map[i2cptest.Kind]int{i2cptest.I2PD256: 2, i2cptest.I2PD259: 0} {
		synctest.Test(t, func(t *testing.T) {
			nw := i2cptest.NewStrict(t)
			r := nw.Start(&i2cptest.Router{Kind: kind, BuildTime: -1, Link: i2cptest.Link{Delay: time.Second}})
			a, b := up(t, r), up(t, r)
			synctest.Wait()
			a.message(b, "a", 0)
			b.message(a, "b", 0)
			assert.Equal(t, "a", b.receive())
			assert.Equal(t, "b", a.receive())
			time.Sleep(time.Second)
			a.message(b, "again", 0)
			b.message(a, "again", 0)
			time.Sleep(2 * time.Second)
			assert.Equal(t, lost, r.Stats().Lost, kind.String())
			time.Sleep(2 * time.Minute)
		})
	}
}
