package samtest

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestBoundedLog: a bridge can be used for as long as one likes.
func TestBoundedLog(t *testing.T) {
	nw := NewStrict(t)
	b := nw.Start(nil)
	nw.mu.Lock()
	for i := range maxLog + 5 {
		b.remember(Command{Conn: i, Name: "STREAM ACCEPT"})
	}
	b.remember(Command{Conn: -1, Name: "PING"})
	for i := range 2 * maxNames {
		b.remember(Command{Name: string(rune('a'+i%26)) + strings.Repeat("x", i)})
	}
	nw.mu.Unlock()
	assert.Equal(t, maxLog+5, b.Count("STREAM ACCEPT"))
	assert.Equal(t, maxLog+5, b.Count("STREAM"))
	assert.Equal(t, 1, b.Count("PING"))
	assert.Zero(t, b.Count("ACCEPT"))
	assert.Equal(t, maxLog+6+2*maxNames, b.Stats().Commands)
	log := b.Commands()
	assert.Len(t, log, maxLog)
	assert.Equal(t, 2*maxNames+6, log[0].Conn, "the newest are kept, in order")
	assert.Equal(t, maxLog+4, log[maxLog-2*maxNames-2].Conn)
	assert.Equal(t, -1, log[maxLog-2*maxNames-1].Conn)
	assert.LessOrEqual(t, len(b.counts), maxNames)
}

// TestExpiredDestinations: what nobody believes in any more is forgotten.
func TestExpiredDestinations(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := NewStrict(t)
		b := nw.Start(nil)
		for range 3 {
			for range minSweep {
				create(t, b, "").nc.Close()
			}
			time.Sleep(leaseTime + time.Minute)
		}
		nw.mu.Lock()
		assert.LessOrEqual(t, len(nw.netDB), minSweep+1)
		nw.mu.Unlock()
		nw.Close()
	})
}
