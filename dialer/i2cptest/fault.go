package i2cptest

import "time"

// Fault is a misbehaviour of a router when it processes a message. The zero value of a field has no effect; fields
// can be combined.
type Fault struct {
	// On is the message of a client that it waits for, such as "CreateSession"; empty is any. "RequestVariableLeaseSet"
	// and "MessagePayload" are what the router sends by itself; there Ignore, Raw, Disconnect and Close count.
	On string
	// Times is how many messages it is for; 0 is one, negative is all to come.
	Times int
	// Delay is how long the router waits before it does anything.
	Delay time.Duration
	// Ignore makes the router do nothing and answer nothing.
	Ignore bool
	// Status is the answer: the status of a session for CreateSession, the code for HostLookup, the final status for a message
	// that is sent with a nonce. The message is not carried out.
	Status uint8
	// Raw is sent instead of the answer, as it is; the message is not carried out.
	Raw []byte
	// Disconnect is the reason that the router gives before it closes the connection, as Java does.
	Disconnect string
	// Close closes the connection. The message is not carried out.
	Close bool
}

// Inject adds a fault. If several match a message, only the one added first applies. It may be called at any time.
func (r *Router) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	r.nw.mu.Lock()
	defer r.nw.mu.Unlock()
	r.faults = append(r.faults, &f)
}

// ClearFaults removes all faults that have not occurred yet.
func (r *Router) ClearFaults() {
	r.nw.mu.Lock()
	defer r.nw.mu.Unlock()
	r.faults = nil
}

// takeFault returns the fault for a message, the zero one if there is none. The caller holds the lock.
func (r *Router) takeFault(name string) Fault {
	for i, f := range r.faults {
		if f.On != "" && f.On != name {
			continue
		}
		if f.Times--; f.Times == 0 {
			r.faults = append(r.faults[:i:i], r.faults[i+1:]...)
		}
		return *f
	}
	return Fault{}
}

// obey does what a fault says and reports whether the message is thereby done with. The caller holds the lock.
func (c *conn) obey(f Fault) (done bool) {
	if f.Raw != nil {
		c.out.pushRaw(f.Raw)
	}
	switch {
	case f.Disconnect != "":
		c.disconnect(f.Disconnect)
	case f.Close:
		c.end()
	case !f.Ignore && f.Raw == nil:
		return false
	}
	return true
}
