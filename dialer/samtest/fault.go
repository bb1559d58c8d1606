package samtest

import (
	"bytes"
	"strings"
	"time"
)

// Fault is a misbehaviour of a bridge when it processes a command. The zero value of a field has no effect; fields
// can be combined.
type Fault struct {
	// On is the command: "STREAM CONNECT", or only a verb such as "STREAM"; empty means any command. "STREAM
	// ACCEPTED" is the line that announces the peer of a waiting STREAM ACCEPT; "DATAGRAM RECEIVED" and "RAW
	// RECEIVED" deliver datagrams; for these only Raw, Split and CloseAfter have an effect.
	On string
	// Times is how many commands are affected; 0 means one, negative all.
	Times int
	// Delay is how long the bridge waits before it does anything.
	Delay time.Duration
	// Result and Message form the reply; the command is not executed. The connection is treated as the router does
	// after an error.
	Result, Message string
	// Raw is sent instead of the reply; the command is not executed, and the connection stays open.
	Raw []byte
	// Endless sends bytes forever, without a newline.
	Endless bool
	// Late is how long the reply is delayed after the command was executed; the connection does nothing else
	// meanwhile.
	Late time.Duration
	// Hold is how long the status line of a stream waits for the first bytes of
	// the peer, to be sent in one segment with them. 0 is 2 ms for STREAM CONNECT,
	// except on i2pd, and no time for STREAM ACCEPTED; negative is no time.
	Hold time.Duration
	// Split sends the reply in pieces of this many bytes.
	Split int
	// CloseAfter closes the connection after this many bytes of the reply, or at BeforeReply, MidLine or AfterReply.
	// The command has been executed.
	CloseAfter int
	// Reset makes CloseAfter reset the connection.
	Reset bool
	// Stall makes CloseAfter leave the connection open: the rest of the reply and everything after it is never sent.
	// With BeforeReply only the reply is lost, and the connection continues, unless it is a stream by then.
	Stall bool
	// Deaf makes the bridge read nothing more from this connection: the client's writes block when the buffers are
	// full, and the bridge does not notice that the client leaves. Replies continue.
	Deaf bool
}

// Points at which [Fault.CloseAfter] closes.
const (
	BeforeReply = -1 // the command was carried out, nothing is answered
	MidLine     = -2 // after half of the reply
	AfterReply  = -3 // after all of it
)

// pieceGap lets a reader take one piece before the next one comes.
const pieceGap = 50 * time.Microsecond

// Inject adds a fault. If several match a command, only the one added first applies. It may be called at any time.
func (b *Bridge) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	b.faults = append(b.faults, &f)
}

// ClearFaults removes all faults that have not occurred yet.
func (b *Bridge) ClearFaults() {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	b.faults = nil
}

// takeFault returns the fault for a command, nil if there is none.
func (b *Bridge) takeFault(req request) *Fault {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	for i, f := range b.faults {
		if f.On != "" && f.On != req.verb && f.On != req.name() {
			continue
		}
		if f.Times--; f.Times == 0 {
			b.faults = append(b.faults[:i:i], b.faults[i+1:]...)
		}
		taken := *f
		return &taken
	}
	return nil
}

// shapes reports whether the fault says how a reply is written.
func (f *Fault) shapes() bool { return f.Split > 0 || f.CloseAfter != 0 || f.Late > 0 }

// obey carries out the fault at hand. done reports that the command is thereby
// answered, alive that the connection goes on.
func (c *conn) obey(req request) (done, alive bool) {
	f := c.fault
	if f == nil {
		return false, true
	}
	c.nc.deaf.CompareAndSwap(false, f.Deaf)
	switch {
	case !c.sleep(f.Delay):
		return true, false
	case f.Endless:
		junk := bytes.Repeat([]byte("x"), 4096)
		for {
			if _, err := c.nc.Write(junk); err != nil {
				return true, false
			}
		}
	case f.Raw != nil:
		return true, c.send(f.Raw) == nil
	case f.Result != "":
		head := replyHead(req)
		if name := req.value("NAME"); name != "" && req.verb == "NAMING" {
			head += " RESULT=" + f.Result + " NAME=" + name
			_, rest, _ := strings.Cut(status("", "", f.Message), "RESULT=")
			return true, c.reply(head + rest)
		}
		return true, c.refuse(head, f.Result, f.Message)
	}
	return false, true
}

// replyHead returns the words that the reply to a command starts with.
func replyHead(req request) string {
	switch req.verb {
	case "HELLO", "NAMING", "DEST":
		return req.verb + " REPLY"
	}
	return req.verb + " STATUS"
}

// send writes a reply as the fault at hand has it. An error ends the connection.
func (c *conn) send(b []byte) error {
	f := c.fault
	c.fault = nil
	return c.sendAs(f, b)
}

// sendAs writes as a fault has it, nil for none.
func (c *conn) sendAs(f *Fault, b []byte) error {
	if f == nil || !f.shapes() {
		_, err := c.nc.Write(b)
		return err
	}
	if !c.nc.wait(f.Late) {
		return errGone
	}
	n := len(b)
	switch {
	case f.CloseAfter == BeforeReply:
		n = 0
	case f.CloseAfter == MidLine:
		n /= 2
	case f.CloseAfter > 0:
		n = min(n, f.CloseAfter)
	}
	if err := c.write(b[:n], f.Split); err != nil {
		return err
	}
	switch {
	case f.CloseAfter == 0:
		return nil
	case f.Stall:
		if f.CloseAfter != BeforeReply {
			c.nc.mute.Store(true)
		}
		return nil
	case f.Reset:
		c.b.nw.mu.Lock()
		c.reset()
		c.b.nw.mu.Unlock()
	}
	c.nc.Close()
	return errGone
}

// write writes b in pieces; 0 is one piece.
func (c *conn) write(b []byte, piece int) error {
	if piece <= 0 {
		piece = len(b)
	}
	for len(b) > 0 {
		n := min(piece, len(b))
		if _, err := c.nc.Write(b[:n]); err != nil {
			return err
		}
		if b = b[n:]; len(b) > 0 {
			time.Sleep(pieceGap)
		}
	}
	return nil
}

// DropSession ends a session while its control connection stays open, as i2pd does with a reused key; Java forgets
// the ID. Streams continue. It returns false if there is no such session.
func (b *Bridge) DropSession(id string) bool {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	s := b.sessions[id]
	if s == nil || s.ep == nil {
		return false
	}
	s.ep.die()
	if !b.f.i2pd {
		delete(b.sessions, id)
	}
	b.nw.notify()
	return true
}

// CloseSession closes the control connection of a session, and with it the session. It returns false if there is no
// such session.
func (b *Bridge) CloseSession(id string) bool {
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	s := b.sessions[id]
	if s == nil {
		return false
	}
	for c := range b.conns {
		if c.session == s {
			c.nc.Close() // its goroutine does the rest
		}
	}
	s.end(false)
	return true
}
