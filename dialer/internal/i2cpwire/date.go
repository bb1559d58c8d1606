package i2cpwire

import "time"

// GetDate opens the conversation: the version of I2CP that the client speaks, and its credentials. Options
// holds "i2cp.username" and "i2cp.password", or nothing.
type GetDate struct {
	Version string
	Options Mapping
}

// Type returns [TypeGetDate].
func (GetDate) Type() Type { return TypeGetDate }

func (m GetDate) appendBody(b []byte) ([]byte, error) {
	b, err := appendString(b, m.Version)
	if err != nil || len(m.Options) == 0 {
		return b, err
	}
	return appendMapping(b, m.Options)
}

func parseGetDate(c *cursor) (m GetDate) {
	if !c.more() { // before API 0.8.7
		return m
	}
	m.Version = c.str()
	if c.more() {
		m.Options, _ = c.mapping()
	}
	return m
}

// SetDate is the answer to GetDate: the router's clock and its version.
type SetDate struct {
	Date    time.Time
	Version string
}

// Type returns [TypeSetDate].
func (SetDate) Type() Type { return TypeSetDate }

func (m SetDate) appendBody(b []byte) ([]byte, error) {
	return appendString(appendDate(b, m.Date), m.Version)
}

func parseSetDate(c *cursor) (m SetDate) {
	m.Date = c.date()
	if c.more() { // i2pd answers a GetDate without a version with none
		m.Version = c.str()
	}
	return m
}
