package i2cptest

import (
	"bufio"
	"io"
	"math"
	"net"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/i2cpwire"
)

// lastWrite is how long a client has to read what was written before its connection ended.
const lastWrite = time.Second

// conn is one connection of a client. Its goroutine reads and answers.
type conn struct {
	r      *Router
	nc     net.Conn
	number int
	out    *outbox

	// Guarded by the network's lock.
	dated   bool // GetDate was answered
	session *session
	ended   bool
}

func newConn(r *Router, nc net.Conn, number int) *conn {
	return &conn{r: r, nc: nc, number: number, out: newOutbox(nc, r.f)}
}

// serve reads until the client is gone or breaks the protocol.
func (c *conn) serve() {
	c.read()
	c.r.nw.mu.Lock()
	defer c.r.nw.mu.Unlock()
	c.end()
	c.r.nw.notify()
}

func (c *conn) read() {
	in := bufio.NewReaderSize(c.nc, 64<<10)
	first, err := in.ReadByte()
	if err != nil {
		return
	}
	if first != i2cpwire.Protocol {
		c.violate("the first byte is %02x", first)
		return
	}
	for {
		var head [i2cpwire.HeaderLen]byte
		if _, err := io.ReadFull(in, head[:]); err != nil {
			return
		}
		kind, n, err := i2cpwire.ParseHeader(head, c.r.f.maxBody)
		if err != nil {
			c.violate("%v", err)
			return
		}
		body := make([]byte, n)
		if _, err := io.ReadFull(in, body); err != nil {
			return
		}
		if !c.take(kind, body) {
			return
		}
	}
}

func (c *conn) violate(format string, args ...any) {
	c.r.nw.mu.Lock()
	defer c.r.nw.mu.Unlock()
	c.r.nw.violate(c, format, args...)
}

// take handles one message and reports whether the connection goes on.
func (c *conn) take(kind i2cpwire.Type, body []byte) bool {
	carries := kind == i2cpwire.TypeSendMessage || kind == i2cpwire.TypeSendMessageExpires
	m, err := i2cpwire.Parse(kind, body)
	nw := c.r.nw
	nw.mu.Lock()
	c.r.record(c, kind.String(), carries)
	fault := c.r.takeFault(kind.String())
	nw.mu.Unlock()
	if fault.Delay > 0 {
		time.Sleep(fault.Delay)
	}
	nw.mu.Lock()
	defer nw.mu.Unlock()
	switch {
	case c.ended:
		return false
	case err != nil && kind == i2cpwire.TypeCreateLeaseSet2:
		// Ignored: the timer of the request goes on.
		nw.violate(c, "%v", err)
	case err != nil:
		c.malformed(kind, err)
	case !c.obey(fault):
		c.handle(m, fault.Status)
	}
	return !c.ended
}

// malformed answers what cannot be read.
func (c *conn) malformed(kind i2cpwire.Type, err error) {
	c.r.nw.violate(c, "%v", err)
	switch {
	case c.r.f.java:
		c.disconnect("Invalid message received")
	case kind == i2cpwire.TypeCreateSession:
		c.refuse(i2cpwire.SessionInvalid)
	}
}

// handle answers a message. status, if not 0, is what a fault wants the answer to be.
func (c *conn) handle(m i2cpwire.Message, status uint8) {
	if _, ok := m.(i2cpwire.GetDate); !ok && !c.dated {
		c.r.nw.violate(c, "%v before the answer to GetDate", m.Type())
	}
	switch m := m.(type) {
	case i2cpwire.GetDate:
		c.getDate(m)
	case i2cpwire.CreateSession:
		if status != 0 {
			c.refuse(i2cpwire.SessionState(status))
			return
		}
		c.createSession(m.SessionConfig)
	case i2cpwire.ReconfigureSession:
		c.out.push(i2cpwire.SessionStatus{Session: m.Session, State: i2cpwire.SessionUpdated})
	case i2cpwire.DestroySession:
		if !c.r.f.java {
			c.out.push(i2cpwire.SessionStatus{Session: m.Session, State: i2cpwire.SessionDestroyed})
		}
		c.end()
	case i2cpwire.CreateLeaseSet2:
		c.createLeaseSet(m)
	case i2cpwire.SendMessage:
		c.send(m, status, false, time.Time{})
	case i2cpwire.SendMessageExpires:
		c.send(m.SendMessage, status, true, m.Expires)
	case i2cpwire.HostLookup:
		c.hostLookup(m, status)
	case i2cpwire.DestLookup:
		c.destLookup(m)
	case i2cpwire.GetBandwidthLimits:
		c.out.push(i2cpwire.BandwidthLimits{Inbound: 1_000_000, Outbound: 1_000_000})
	case i2cpwire.BlindingInfo:
		if c.session != nil && c.r.f.java {
			c.session.clientKeys[m.Key] = m.Client
		}
	default:
		c.r.nw.violate(c, "%v is nothing that a client sends", m.Type())
		if c.r.f.java {
			c.disconnect("Invalid message received")
		}
	}
}

// disconnect gives a reason and closes. The caller holds the lock.
func (c *conn) disconnect(reason string) {
	c.out.push(i2cpwire.Disconnect{Reason: reason})
	c.end()
}

// end closes the connection once all was written, and ends its session. The caller holds the lock.
func (c *conn) end() {
	if c.ended {
		return
	}
	c.ended = true
	delete(c.r.conns, c)
	if c.session != nil {
		c.session.end()
	}
	c.out.close()
	if c.r.down {
		c.nc.Close()
	}
	c.nc.SetReadDeadline(time.Unix(1, 0))
	c.nc.SetWriteDeadline(time.Now().Add(lastWrite))
}

// randomID returns an ID that nobody has.
func (c *conn) randomID() uint16 {
	for {
		id := uint16(c.r.nw.random.Uint32())
		if _, taken := c.r.sessions[id]; !taken && id != 0 && id != math.MaxUint16 {
			return id
		}
	}
}
