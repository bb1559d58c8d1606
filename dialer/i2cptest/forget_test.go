package i2cptest

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
)

// TestForgets: what nobody believes in any more takes no memory, and what somebody does stays.
func TestForgets(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		nw := NewNetwork()
		defer nw.Close()
		stays, leaves := &session{hash: [32]byte{1}}, &session{hash: [32]byte{2}}
		for _, s := range []*session{stays, leaves} {
			nw.publish(s)
			nw.flow(pair{s.hash, stays.hash})
		}
		nw.withdraw(leaves)
		time.Sleep(leaseTime)
		nw.forget()
		assert.Len(t, nw.netDB, 2, "its lease set has not run out")
		time.Sleep(time.Second)
		nw.forget()
		assert.Len(t, nw.netDB, 1)
		assert.NotNil(t, nw.find(stays.hash))
		assert.Len(t, nw.pairs, 1)
	})
}

// TestOldMessagesAreForgotten: the newest stay, in their order.
func TestOldMessagesAreForgotten(t *testing.T) {
	nw := NewNetwork()
	defer nw.Close()
	r := nw.Start(nil)
	c := &conn{r: r}
	nw.mu.Lock()
	for n := range maxLog + 3 {
		r.record(c, fmt.Sprint(n), false)
	}
	nw.mu.Unlock()
	log := r.Messages()
	assert.Len(t, log, maxLog)
	assert.Equal(t, "3", log[0].Name)
	assert.Equal(t, fmt.Sprint(maxLog+2), log[maxLog-1].Name)
}
