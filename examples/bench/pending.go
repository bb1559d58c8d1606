package main

import (
	"context"
	"errors"
	"os"
	"time"
)

// wait lets many clients ask for streams that do not open, and weighs what waits for them.
func (b *bench) wait(ctx context.Context, r *relay) error {
	pid := r.child.pid()
	memory, files := resident(pid), descriptors(pid)
	asked := b.pending
	if limit := descriptorLimit(); limit > 0 {
		asked = min(asked, (limit-spare)/2)
	}
	conns, err := openMany(ctx, asked, r.ask)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err != nil {
		b.results.note("%s: only %d of %d dials could be asked for: %v", r.name, len(conns), asked, err)
	}
	for seen := -1; seen < descriptors(pid); { // until all have got as far as the bridge
		seen = descriptors(pid)
		if err := pause(ctx, min(b.settle, time.Second)); err != nil {
			return err
		}
	}
	waiting := 0
	for _, c := range conns {
		c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if _, err := c.Read(make([]byte, 1)); errors.Is(err, os.ErrDeadlineExceeded) {
			waiting++
		}
	}
	b.results.add(r.name, "dials that wait", 0, 0, float64(waiting))
	if waiting > 0 {
		b.results.add(r.name, "memory per waiting dial", 0, 0, float64(resident(pid)-memory)/float64(waiting))
		b.results.add(r.name, "descriptors per waiting dial", 0, 0, float64(descriptors(pid)-files)/float64(waiting))
	}
	return nil
}
