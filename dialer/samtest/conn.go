package samtest

import (
	"bytes"
	"errors"
	"strconv"
	"strings"
	"time"
)

const (
	maxLine = 8192 // newline included, all routers
	pingGap = 3 * time.Minute
)

var (
	errGone    = errors.New("samtest: the client is gone")
	errIdle    = errors.New("samtest: the client said nothing")
	errTooLong = errors.New("samtest: overlong line")
)

// conn is one connection of a client. Its goroutine reads lines until the
// connection becomes a stream, or ends.
type conn struct {
	b       *Bridge
	nc      *socket
	number  int
	peer    bool // of a Peer, whom the rules do not bind
	in      *pump
	buf     []byte // what was read and is not yet used
	version string // as negotiated
	pinged  string // text of our PING that has no answer yet
	fault   *Fault // ordered for the command at hand
	spoilt  bool   // there was one

	// Guarded by the network's lock.
	session *session // the one that lives and dies with this connection
	quit    bool     // pump told to end
}

func (c *conn) serve() {
	defer c.close()
	if !c.hello() {
		return
	}
	for {
		line, err := c.nextLine(c.patience())
		switch {
		case err == errIdle && c.ping():
			continue
		case err == errTooLong:
			c.overlong()
		}
		if err != nil || !c.command(line) {
			return
		}
	}
}

// close ends the connection in order: what was written is delivered.
func (c *conn) close() {
	c.checkRemoved()
	c.b.nw.mu.Lock()
	if c.session != nil {
		c.session.end(false)
	}
	c.drop()
	c.b.nw.mu.Unlock()
	c.nc.Close()
}

// reset ends the connection at once. The caller holds the lock.
func (c *conn) reset() {
	c.nc.SetLinger(0)
	c.nc.Close()
	c.drop()
}

// drop takes the connection out of the books. The caller holds the lock.
func (c *conn) drop() {
	if !c.quit {
		c.quit = true
		close(c.in.quit)
	}
	delete(c.b.conns, c)
	c.b.nw.notify()
}

// segment returns what the next read brought; zero patience waits for ever.
func (c *conn) segment(patience time.Duration) ([]byte, error) {
	var timeout <-chan time.Time
	if patience > 0 {
		t := time.NewTimer(patience)
		defer t.Stop()
		timeout = t.C
	}
	select {
	case seg := <-c.in.segs:
		return seg, nil
	case <-timeout:
		if c.b.frozen() { // who is not listened to is not silent
			c.b.awaitThaw()
			return c.segment(patience)
		}
		return nil, errIdle
	case <-c.in.gone:
	}
	select {
	case seg := <-c.in.segs: // read before the end
		return seg, nil
	default:
		return nil, errGone
	}
}

// nextLine returns the next line without its end. i2pd takes one line of what
// a read brings and forgets the rest; only behind STREAM CONNECT is it kept.
func (c *conn) nextLine(patience time.Duration) (string, error) {
	split := len(c.buf) > 0 && !c.b.f.i2pd // pipelined: noted with the line before
	pieces := 0
	for {
		i := bytes.IndexByte(c.buf, '\n')
		if i >= 0 && i < maxLine {
			line, rest := string(c.buf[:i]), c.buf[i+1:]
			c.checkFraming(line, pieces > 1 && !split, len(rest) > 0 && !isSend(line))
			c.buf = bytes.Clone(rest)
			if c.b.f.i2pd && !strings.HasPrefix(line, "STREAM CONNECT ") && !isSend(line) {
				c.buf = nil
			}
			return line, nil
		}
		if len(c.buf) >= maxLine {
			return "", errTooLong
		}
		seg, err := c.segment(patience)
		if err != nil {
			return "", err
		}
		pieces++
		c.buf = append(c.buf, seg...)
	}
}

// stuck reports, once the client gave up, that the router answers nobody any more.
func (c *conn) stuck() bool {
	c.b.nw.mu.Lock()
	stuck := c.b.stuck
	c.b.nw.mu.Unlock()
	if stuck {
		<-c.in.gone
	}
	return stuck
}

// sleep waits, and reports false if the client left meanwhile.
func (c *conn) sleep(d time.Duration) bool {
	if d <= 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-c.in.gone:
		return false
	}
}

// patience returns how long the router waits for the next line; zero is for ever.
func (c *conn) patience() time.Duration {
	switch {
	case c.b.f.i2pd:
		return 0
	case c.version >= "3.2":
		return pingGap
	case c.session == nil:
		return greetTimeout
	}
	return 0
}

// ping does what Java does with an idle client, and reports whether it goes on.
func (c *conn) ping() bool {
	switch {
	case c.version < "3.2":
		c.reply(status("SESSION STATUS", "I2P_ERROR", "command timeout, bye"))
		return false
	case c.pinged != "":
		c.reply(status("SESSION STATUS", "I2P_ERROR", "PONG timeout"))
		return false
	}
	c.pinged = strconv.FormatInt(time.Now().UnixMilli(), 10)
	return c.send([]byte("PING "+c.pinged+"\n")) == nil
}

// overlong is the answer to a line that does not fit.
func (c *conn) overlong() {
	nw := c.b.nw
	nw.violate("conn %d: line longer than %d bytes", c.number, maxLine)
	nw.mu.Lock()
	c.b.stats.Overlong++
	c.b.stuck = c.b.Router == I2PD245
	nw.notify()
	nw.mu.Unlock()
	if c.b.f.i2pd {
		<-c.in.gone // and never a word again
		return
	}
	c.reply(status("SESSION STATUS", "I2P_ERROR", "Line too long - max 8192"))
	nw.mu.Lock()
	c.reset()
	nw.mu.Unlock()
}

// reply sends one line, as the fault at hand has it, and reports whether the
// connection goes on.
func (c *conn) reply(line string) bool {
	c.checkPipelined()
	return c.send([]byte(line+"\n")) == nil
}

// refuse replies with a failure and reports whether the connection goes on:
// i2pd always closes it, Java after STREAM commands.
func (c *conn) refuse(head, result, message string) bool {
	ok := c.reply(status(head, result, message))
	return ok && !c.b.f.i2pd && !strings.HasPrefix(head, "STREAM")
}
