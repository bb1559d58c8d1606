package samtest

import (
	"bytes"
	"strings"
	"time"
)

// Fault is something that a bridge does to a command instead of, or besides,
// answering it well. The zero value of each field leaves that aspect alone;
// all of them can be combined.
type Fault struct {
	// On is the command it waits for: "STREAM CONNECT", or only a verb such as
	// "STREAM"; empty is any command. "STREAM ACCEPTED" is the line that tells a
	// waiting STREAM ACCEPT of its peer, "DATAGRAM RECEIVED" and "RAW RECEIVED" are what
	// brings datagrams; there Raw, Split and CloseAfter count.
	On string
	// Times is how many commands it is for; 0 is one, negative is all to come.
	Times int
	// Delay is how long the bridge waits before it does anything.
	Delay time.Duration
	// Result and Message make the reply; the command is not carried out. What
	// happens to the connection is what the router does after an error.
	Result, Message string
	// Raw is sent instead of the reply, as it is; the command is not carried
	// out, and the connection stays open.
	Raw []byte
	// Endless sends bytes without an end and without a newline.
	Endless bool
	// Late is how long the reply waits once the command was carried out; the connection does
	// nothing else meanwhile.
	Late time.Duration
	// Hold is how long the status line of a stream waits for the first bytes of
	// the peer, to be sent in one segment with them. 0 is 2 ms for STREAM CONNECT,
	// except on i2pd, and no time for STREAM ACCEPTED; negative is no time.
	Hold time.Duration
	// Split sends the reply in pieces of so many bytes.
	Split int
	// CloseAfter closes the connection after so many bytes of the reply, or at
	// BeforeReply, MidLine or AfterReply. The command has been carried out.
	CloseAfter int
	// Reset makes CloseAfter a reset.
	Reset bool
	// Stall makes CloseAfter leave the connection open: what it cuts off never comes, nor does
	// anything after it. With BeforeReply the reply alone is lost, and the connection goes on,
	// unless it is a stream by then.
	Stall bool
	// Deaf lets the bridge take nothing more from this connection, for good: what the client
	// sends fills the buffers, and then its writes block. Nor does the bridge notice that the
	// client leaves. Replies go on.
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

// Inject orders a fault. Of several that fit a command, the one that was
// ordered first is used, alone. It may be called at any time.
func (b *Bridge) Inject(f Fault) {
	if f.Times == 0 {
		f.Times = 1
	}
	b.nw.mu.Lock()
	defer b.nw.mu.Unlock()
	b.faults = append(b.faults, &f)
}

// ClearFaults takes back all faults that wait.
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

// DropSession lets a session die while its control connection stays open, as
// i2pd does to a recycled key; Java forgets the ID. Streams go on. It
// reports false if there is no such session.
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

// CloseSession closes the control connection of a session, and with it the
// session. It reports false if there is no such session.
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
