package samtest

import (
	"net"
	"net/netip"
	"strconv"
	"time"
)

// forwarder is a STREAM FORWARD: it dials the client for each stream.
type forwarder struct {
	c      *conn
	s      *session
	addr   string
	silent bool
}

// streamForward answers STREAM FORWARD and serves it until the client leaves.
func (c *conn) streamForward(req request) bool {
	s, ok := c.streamSession(req)
	if !ok {
		return false
	}
	head, f, nw := "STREAM STATUS", c.b.f, c.b.nw
	if f.i2pd {
		head = "SESSION STATUS"
	}
	addr, problem := c.forwardAddr(req)
	fw := &forwarder{c: c, s: s, addr: addr, silent: f.isTrue(req.value("SILENT"))}
	nw.mu.Lock()
	switch {
	case problem != "" || s.ep == nil:
	case s.ep.forward != nil && !f.i2pd:
		problem = "Forwarding failed : a forwarding server is already defined for this destination"
	case f.i2pd && (s.ep.forward != nil || s.ep.active != nil):
		problem = "Already accepting"
	default:
		s.ep.forward = fw
	}
	nw.notify()
	nw.mu.Unlock()
	if problem != "" {
		c.refuse(head, "I2P_ERROR", problem)
		return false
	}
	if !c.reply("STREAM STATUS RESULT=OK") {
		fw.end()
		return false
	}
	<-c.in.gone
	fw.end()
	return false
}

// forwardAddr returns where to dial. Only loopback addresses are dialled.
func (c *conn) forwardAddr(req request) (addr, problem string) {
	port, err := strconv.Atoi(req.value("PORT"))
	switch {
	case !req.has("PORT") && c.b.f.i2pd:
		return "", "PORT is missing"
	case !req.has("PORT"):
		return "", "Forwarding failed : receiver port not specified"
	case err != nil || port < 0 || port > 65535 || c.b.f.i2pd && !c.b.f.modern && (port == 0 || port == 65535):
		return "", "Invalid PORT"
	}
	host := "127.0.0.1"
	if given := req.value("HOST"); given != "" && c.b.Router != I2PD245 {
		host = given
	}
	if ip, err := netip.ParseAddr(host); err != nil || !ip.IsLoopback() {
		return "", "Forwarding failed : samtest dials loopback only"
	}
	return net.JoinHostPort(host, strconv.Itoa(port)), ""
}

func (fw *forwarder) end() {
	nw := fw.c.b.nw
	nw.mu.Lock()
	defer nw.mu.Unlock()
	if fw.s.ep != nil && fw.s.ep.forward == fw {
		fw.s.ep.forward = nil
	}
}

// take serves a stream. The caller holds the lock.
func (fw *forwarder) take(st *stream) {
	st.b.s = fw.s
	fw.s.ends[st.b] = struct{}{}
	st.respond("")
	st.nw.wg.Go(func() { fw.serve(st.b) })
}

func (fw *forwarder) serve(e *end) {
	b, nw := fw.c.b, e.st.nw
	nc, err := net.DialTimeout("tcp", fw.addr, 10*time.Second)
	nw.mu.Lock()
	if err == nil && b.down {
		nc.Close()
		err = net.ErrClosed
	}
	if err != nil {
		e.close()
		e.peer.hangUp()
		nw.mu.Unlock()
		return
	}
	c := &conn{b: b, nc: newSocket(b, nc), version: fw.c.version}
	c.in = startPump(&nw.wg, c.nc)
	b.conns[c] = struct{}{}
	nw.mu.Unlock()
	defer c.close()
	c.runAccepted(e, fw.silent)
}
