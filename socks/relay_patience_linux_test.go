package socks

import (
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// deadlines notes the write deadlines that are set.
type deadlines struct {
	net.Conn
	mu  sync.Mutex
	set []time.Time
}

func (d *deadlines) SetWriteDeadline(t time.Time) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.set = append(d.set, t)
	return nil
}

// take returns what was set since the last time.
func (d *deadlines) take() (set []time.Time) {
	d.mu.Lock()
	defer d.mu.Unlock()
	set, d.set = d.set, nil
	return set
}

func TestPatience(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := new(deadlines)
		p := patience{watch: new(watch), conn: conn}
		waits := func(d time.Duration) {
			p.begin()
			time.Sleep(d)
			synctest.Wait()
			p.end()
		}
		for range 1000 {
			waits(maxPatience / 3)
		}
		assert.Empty(t, conn.take(), "short waits, however many, set no deadline")

		for range 3 {
			waits(2 * maxPatience)
			assert.Equal(t, []time.Time{past, {}}, conn.take(), "a long one is interrupted once")
			time.Sleep(10 * maxPatience)
		}
		assert.Empty(t, conn.take())
		assert.False(t, p.ticking, "nobody waits")

		p.begin()
		time.Sleep(maxPatience / 2)
		p.end()
		p.stop()
		time.Sleep(10 * maxPatience)
		assert.Empty(t, conn.take())
	})
}

// A wait that begins at any time is interrupted within twice the patience, also after short ones.
func TestPatienceBound(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		conn := new(deadlines)
		p := patience{watch: new(watch), conn: conn}
		for i := range 50 {
			conn.take()
			p.begin()
			p.end()
			time.Sleep(time.Duration(i) * maxPatience / 25)
			p.begin()
			began := time.Now()
			for len(conn.take()) == 0 {
				time.Sleep(maxPatience / 100)
				synctest.Wait()
			}
			assert.LessOrEqual(t, time.Since(began), 2*maxPatience+maxPatience/100)
			assert.GreaterOrEqual(t, time.Since(began), maxPatience-maxPatience/100)
			p.end()
		}
	})
}
