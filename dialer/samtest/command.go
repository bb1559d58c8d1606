package samtest

import (
	"strings"

	"github.com/go-i2p/i2psocks/keys"
)

// command carries out one line and reports whether more can follow on the
// connection.
func (c *conn) command(line string) bool {
	if strings.TrimRight(line, "\r") == "" {
		c.b.nw.violate("conn %d: empty line", c.number)
		return !c.b.f.i2pd
	}
	req, problem := c.b.f.parse(line)
	c.note(req)
	if c.stuck() {
		return false
	}
	if done, alive := c.obey(req); done {
		return alive
	}
	if problem != "" {
		c.reply(status("SESSION STATUS", "I2P_ERROR", problem))
		return false
	}
	switch req.name() {
	case "SESSION CREATE":
		return c.sessionCreate(req)
	case "STREAM CONNECT":
		return c.streamConnect(req)
	case "STREAM ACCEPT":
		return c.streamAccept(req)
	case "STREAM FORWARD":
		return c.streamForward(req)
	case "DATAGRAM SEND", "RAW SEND":
		return c.datagramSend(req)
	case "NAMING LOOKUP":
		return c.namingLookup(req)
	case "DEST GENERATE":
		return c.destGenerate(req)
	case "SESSION ADD":
		return c.sessionAdd(req)
	case "SESSION REMOVE":
		return c.sessionRemove(req)
	}
	return c.other(req)
}

// other answers PING, PONG, QUIT and what is no command.
func (c *conn) other(req request) bool {
	switch {
	case c.b.f.i2pd && c.b.f.modern && req.verb == "PING" && req.text != "":
		c.reply("PONG " + req.text)
		return false
	case c.b.f.i2pd:
		return false
	case req.verb == "PING":
		return c.reply(strings.TrimSpace("PONG " + req.text))
	case req.verb == "PONG":
		if req.text == c.pinged {
			c.pinged = ""
		}
		return true
	case req.action != "":
		return false
	case req.verb == "QUIT" || req.verb == "STOP" || req.verb == "EXIT":
		c.reply(status(req.verb+" STATUS", "OK", "bye"))
		return false
	}
	return c.reply(status(req.verb+" STATUS", "I2P_ERROR", "command not specified"))
}

// destGenerate makes a key; it is of type 7 whatever was asked for.
func (c *conn) destGenerate(req request) bool {
	kind := req.value("SIGNATURE_TYPE")
	if !c.b.f.signs(kind) {
		switch {
		case !c.b.f.i2pd:
			c.reply(status("DEST REPLY", "I2P_ERROR", "SIGNATURE_TYPE "+kind+" unsupported"))
			return false
		case c.b.Router == I2PD259:
			return c.crash("DEST GENERATE SIGNATURE_TYPE=" + kind)
		}
	}
	id, err := keys.Generate()
	if err != nil {
		return c.refuse("DEST REPLY", "I2P_ERROR", err.Error())
	}
	return c.reply("DEST REPLY PUB=" + id.Destination().Base64() + " PRIV=" + id.Reveal())
}

// crash ends the whole router, as some values do.
func (c *conn) crash(why string) bool {
	nw := c.b.nw
	nw.violate("conn %d: %s crashes %s", c.number, why, c.b.Router)
	nw.mu.Lock()
	defer nw.mu.Unlock()
	c.b.stats.Crashes++
	c.b.kill()
	return false
}
