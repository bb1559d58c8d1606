package samtest

import "time"

// coalescing is how long the status line of a STREAM CONNECT waits for the
// first bytes of a server that speaks first, so that both come in one segment.
const coalescing = 2 * time.Millisecond

// outlet writes to a client whose status line may still wait for company.
type outlet struct {
	busy chan struct{} // holds a value while somebody writes; a mutex would stop time in a bubble
	c    *conn
	line []byte
}

// set gives the outlet its connection and first line. With hold the line waits
// that long for data; none is sent if it is empty.
func (o *outlet) set(c *conn, line string, hold time.Duration) {
	o.busy <- struct{}{}
	defer func() { <-o.busy }()
	o.c = c
	if line == "" {
		return
	}
	o.line = []byte(line + "\n")
	if hold > 0 && (c.fault == nil || !c.fault.shapes()) {
		time.AfterFunc(hold, o.flush)
		return
	}
	o.push(nil)
}

// Write sends p, behind the line if it waits.
func (o *outlet) Write(p []byte) (int, error) {
	o.busy <- struct{}{}
	defer func() { <-o.busy }()
	if o.line == nil {
		return o.c.nc.Write(p)
	}
	return len(p), o.push(p)
}

// flush sends the line if it still waits.
func (o *outlet) flush() {
	o.busy <- struct{}{}
	defer func() { <-o.busy }()
	if o.line != nil {
		o.push(nil)
	}
}

func (o *outlet) push(p []byte) error {
	line := append(o.line, p...)
	o.line = nil
	if f := o.c.fault; f != nil && f.Stall {
		defer o.c.nc.mute.Store(true) // data without their status line would pass for it
	}
	return o.c.send(line)
}
