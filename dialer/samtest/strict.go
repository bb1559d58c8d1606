package samtest

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

// note takes down a command, finds the fault that waits for it, and checks it
// against the rules that keep every router alive.
func (c *conn) note(req request) {
	c.fault = c.b.takeFault(req)
	c.spoilt = c.spoilt || c.fault != nil
	line := redact(req.line)
	nw := c.b.nw
	nw.mu.Lock()
	c.b.remember(Command{Time: time.Now(), Conn: c.number, Name: redact(req.name()), Line: line})
	reused := false
	again := c.session != nil
	creates := req.name() == "SESSION CREATE"
	if id := req.value("ID"); (creates || req.name() == "SESSION ADD") && id != "" {
		reused = nw.usedIDs[id]
		nw.usedIDs[strings.Clone(id)] = true // not the whole line
	}
	nw.notify()
	nw.mu.Unlock()

	bad := func(why string) { nw.violate("conn %d: %s: %s", c.number, why, line) }
	if !wellFormed(req.line) {
		bad("not a well-formed command")
	}
	if (req.verb == "PING" || req.verb == "PONG") && c.b.f.i2pd {
		bad("i2pd ends the session at this")
	}
	if !creates && req.name() != "SESSION ADD" {
		return
	}
	if reused {
		bad("session ID used before")
	}
	if id := req.value("ID"); !looksRandom(id) {
		bad("session ID can be guessed")
	}
	if again && creates {
		bad("second session on one connection")
	}
	for _, p := range req.params {
		if !c.allowed(req, p.Key, p.Value) {
			bad("option " + redact(p.Key) + " is unknown or has a value that not every router bears")
		}
	}
}

// checkFraming notes lines that were not sent in one write of their own.
func (c *conn) checkFraming(line string, pieces, more bool) {
	if pieces {
		c.b.nw.violate("conn %d: line not in one write: %s", c.number, redact(line))
	}
	if more {
		c.b.nw.violate("conn %d: bytes behind a line: %s", c.number, redact(line))
	}
}

// checkPipelined notes bytes that came before the reply to a line.
func (c *conn) checkPipelined() {
	if len(c.in.segs) > 0 {
		c.b.nw.violate("conn %d: bytes sent before the reply", c.number)
	}
}

// wellFormed reports whether all routers read the line alike.
func wellFormed(line string) bool {
	switch line {
	case "QUIT", "STOP", "EXIT":
		return true
	}
	m, err := wire.Parse(line)
	if err != nil {
		return false
	}
	if m.Is("HELLO", "VERSION") { // a password may need quotes
		m.Params = slices.DeleteFunc(m.Params, func(p wire.Param) bool { return p.Key == "USER" || p.Key == "PASSWORD" })
		line, _, _ = strings.Cut(line, " USER=")
		line, _, _ = strings.Cut(line, " PASSWORD=")
	}
	b, err := wire.AppendCommand(nil, m)
	return err == nil && string(b) == line+"\n"
}

// looksRandom reports whether a session ID has enough different characters to be 128 random bits.
func looksRandom(id string) bool {
	seen := make(map[rune]bool)
	for _, r := range id {
		seen[r] = true
	}
	return len(id) >= 20 && len(seen) >= 7
}

var (
	tunnelOption = regexp.MustCompile(`^(inbound|outbound)\.(length|quantity|backupQuantity|lengthVariance|nickname|allowZeroHop|priority|IPRestriction)$`)
	freeOption   = regexp.MustCompile(`^(STYLE|ID|DESTINATION|i2cp\.(gzip|fastReceive|messageReliability|reduceOnIdle|reduceIdleTime|reduceQuantity|leaseSetPrivKey|leaseSetSecret|leaseSetClient\.(dh|psk)\.[0-9]+|accessList|enableAccessList|enableBlackList)|i2p\.streaming\.(enforceProtocol|disableRejectLogging|limitAction))$`)

	// i2pd that stumbles over one of these numbers passes over what it would have read after it, such as who may
	// see the lease set.
	numberOption  = regexp.MustCompile(`^(i2p\.streaming|crypto)\.[A-Za-z.]+$`)
	harmfulOption = regexp.MustCompile(`^i2p\.streaming\.(connectDelay|answerPings|dontSign)$`) // with any value
	numeral       = regexp.MustCompile(`^-?[0-9]{1,9}$`)
)

// allowed reports whether an option of SESSION CREATE is harmless to every router.
func (c *conn) allowed(req request, key, value string) bool {
	if part := tunnelOption.FindStringSubmatch(key); part != nil {
		n, err := strconv.Atoi(value)
		switch part[2] {
		case "length":
			return err == nil && 0 <= n && n <= 7
		case "quantity":
			return err == nil && 1 <= n && n <= 6
		case "backupQuantity":
			return err == nil && 0 <= n && n <= 6
		case "lengthVariance": // of which the shortest and the longest tunnel follow
			length, bad := strconv.Atoi(req.value(part[1] + ".length"))
			return err == nil && bad == nil && -7 <= n && n <= 7 && length+max(n, -n) <= 7 && length+min(n, 0) >= 1
		}
		return true
	}
	if numberOption.MatchString(key) && !freeOption.MatchString(key) {
		return numeral.MatchString(value) && !harmfulOption.MatchString(key)
	}
	among := func(values ...string) bool { return slices.Contains(values, value) }
	switch key {
	case "SIGNATURE_TYPE":
		return among("7", "11", "1")
	case "i2cp.leaseSetEncType":
		return among("4", "4,0") || among("5,4", "6,4", "7,4") && c.version == "3.3"
	case "i2cp.leaseSetType":
		return among("3", "5")
	case "i2cp.leaseSetAuthType":
		return among("0", "1", "2")
	case "i2cp.dontPublishLeaseSet":
		return among("true", "false")
	case "FROM_PORT", "TO_PORT", "LISTEN_PORT", "PORT":
		n, err := strconv.Atoi(value)
		return err == nil && 0 <= n && n <= 65535
	case "HOST":
		return true // DATAGRAM and RAW; the router checks it
	case "HEADER":
		return among("true", "false")
	case "PROTOCOL":
		n, err := strconv.Atoi(value)
		return err == nil && 1 <= n && n <= 254 && n != 6 && n != 17 && n != 19 && n != 20
	}
	return freeOption.MatchString(key)
}

const (
	maxShown  = 400
	publicRun = 500 // a run this long starts with a whole destination
)

var (
	longRun  = regexp.MustCompile(`[A-Za-z0-9~+/-]{33,}=*`)
	b32Label = regexp.MustCompile(`^[a-z2-7]{52,63}$`)
	secret   = regexp.MustCompile(`(?i)(PASSWORD|i2cp\.leaseSet(?:PrivKey|PrivateKey|Secret|Client\.[a-z]+\.[0-9]+))=("[^"]*"?|\S*)`)
)

// redact cuts passwords and whatever may be a part of a key out of a line. Of
// a whole key, private or not, the public start is left.
func redact(line string) string {
	line = secret.ReplaceAllString(line, "$1=...")
	line = longRun.ReplaceAllStringFunc(line, func(s string) string {
		switch {
		case b32Label.MatchString(s):
			return s
		case len(s) < publicRun:
			return "...(" + strconv.Itoa(len(s)) + ")"
		}
		return s[:8] + "...(" + strconv.Itoa(len(s)) + ")"
	})
	if len(line) > maxShown {
		line = line[:maxShown] + "..."
	}
	return line
}

// isSecret reports whether the value of an option must not be shown.
func isSecret(key string) bool { return secret.MatchString(key + "=") }
