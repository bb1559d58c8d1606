package samtest

import (
	"strconv"
	"strings"
	"time"
)

const greetTimeout = time.Minute // Java's, for HELLO and the first command

// hello does the handshake and reports whether it went well.
func (c *conn) hello() bool {
	line, ok := c.helloLine()
	if !ok {
		return false
	}
	req, problem := c.b.f.parse(line)
	c.note(req)
	if c.stuck() {
		return false
	}
	if done, alive := c.obey(req); done {
		if alive {
			<-c.in.gone
		}
		return false
	}
	if c.b.f.i2pd && !strings.HasPrefix(line, "HELLO VERSION") {
		return false
	}
	if problem == "" && (req.verb != "HELLO" || req.action != "VERSION") {
		problem = "Must start with HELLO VERSION"
	}
	if problem != "" {
		c.reply(status("HELLO REPLY", "I2P_ERROR", problem))
		return false
	}
	c.version = c.b.f.negotiate(req.value("MIN"), req.value("MAX"))
	if c.version == "" {
		c.reply("HELLO REPLY RESULT=NOVERSION")
		return false
	}
	if problem := c.b.unauthorized(req); problem != "" {
		c.reply(status("HELLO REPLY", "I2P_ERROR", problem))
		return false
	}
	return c.reply("HELLO REPLY RESULT=OK VERSION=" + c.version)
}

// unauthorized returns what Java says to a HELLO without the right user and password, "" if they are right.
func (b *Bridge) unauthorized(req request) string {
	user, password := req.value("USER"), req.value("PASSWORD")
	switch {
	case b.f.i2pd || b.User == "" && b.Password == "":
		return ""
	case user == "" || password == "":
		return "USER and PASSWORD required"
	case user != b.User || password != b.Password:
		return "Authorization failed"
	}
	return ""
}

// helloLine reads the first line. i2pd takes what one read brings, with or
// without a line end, and forgets the rest.
func (c *conn) helloLine() (string, bool) {
	if !c.b.f.i2pd {
		line, err := c.nextLine(greetTimeout)
		switch {
		case err == errIdle:
			c.reply(status("HELLO REPLY", "I2P_ERROR", "Timeout waiting for HELLO VERSION"))
		case err == errTooLong:
			c.reply(status("HELLO REPLY", "I2P_ERROR", "Error reading from socket"))
			c.reset()
		}
		return line, err == nil
	}
	seg, err := c.segment(0)
	if err != nil {
		return "", false
	}
	line, rest, found := strings.Cut(string(seg), "\n")
	c.checkFraming(line, !found, rest != "")
	return line, true
}

// negotiate returns the version that is answered, "" for NOVERSION.
func (f *flavour) negotiate(low, high string) string {
	switch {
	case !f.i2pd:
		return negotiateJava(low, high)
	case f.modern:
		return negotiateNew(low, high)
	}
	return negotiateOld(low, high)
}

// negotiateJava takes the highest version within both bounds.
func negotiateJava(low, high string) string {
	least, most := 0, 99999
	var err error
	if low != "" {
		if least, err = versionNumber(low); err != nil {
			return ""
		}
	}
	if high != "" {
		if most, err = versionNumber(high); err != nil {
			return ""
		}
	}
	for _, v := range []string{"3.3", "3.2", "3.1", "3.0", "2.0", "1.0"} {
		if n, _ := versionNumber(v); least <= n && n <= most {
			return v
		}
	}
	return ""
}

func versionNumber(v string) (int, error) {
	major, minor, _ := strings.Cut(v, ".")
	a, err := strconv.Atoi(major)
	b := 0
	if err == nil && minor != "" {
		b, err = strconv.Atoi(minor)
	}
	return a*1000 + b, err
}

// negotiateOld is i2pd up to 2.57, which knows 3.0 and 3.1 by their text only.
func negotiateOld(low, high string) string {
	known := func(v string) bool { return v == "3.0" || v == "3.1" }
	switch {
	case high == "" && low == "", known(high):
		return orElse(high, "3.1")
	case known(low):
		return low
	case high == "" && low != "":
		return "3.1"
	case low < "3" && high > "3.1":
		return "3.0"
	}
	return ""
}

// negotiateNew is i2pd from 2.58 on, which reads nothing but the digits.
func negotiateNew(low, high string) string {
	if low == "" && high == "" {
		return "3.0"
	}
	if n := digits(high); 0 < n && n <= 33 {
		return strconv.Itoa(n/10) + "." + strconv.Itoa(n%10)
	}
	if n := digits(low); 30 <= n && n <= 33 {
		return strconv.Itoa(n/10) + "." + strconv.Itoa(n%10)
	}
	return ""
}

func digits(s string) int {
	n := 0
	for _, r := range s {
		if '0' <= r && r <= '9' && n < 1000 {
			n = n*10 + int(r-'0')
		}
	}
	return n
}

func orElse(s, other string) string {
	if s == "" {
		return other
	}
	return s
}
