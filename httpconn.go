package i2psocks

import (
	"bytes"
	"compress/gzip"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
)

// requestConn carries one request, whose headers it puts in order.
type requestConn struct {
	net.Conn
	head []byte // what was written of it so far
	sent bool
}

var endOfHead = []byte("\r\n\r\n")

func (c *requestConn) Write(p []byte) (int, error) {
	if c.sent {
		return c.Conn.Write(p)
	}
	c.head = append(c.head, p...)
	end := bytes.Index(c.head, endOfHead)
	if end < 0 {
		return len(p), nil
	}
	end += len(endOfHead)
	all := append(arrange(c.head[:end]), c.head[end:]...)
	c.head, c.sent = nil, true
	if _, err := c.Conn.Write(all); err != nil {
		return 0, err
	}
	return len(p), nil
}

// arrange puts the headers of a request in the order that they have behind I2P's proxy: it lets those of the program
// through, in curl's order here, and ends with its own.
func arrange(head []byte) []byte {
	lines := strings.SplitAfter(string(head), "\r\n")
	headers := lines[1 : len(lines)-2] // without the request line, the empty line and what is behind it
	slices.SortStableFunc(headers, func(a, b string) int { return rank(a) - rank(b) })
	return []byte(strings.Join(lines, ""))
}

func rank(line string) int {
	name, value, _ := strings.Cut(line, ":")
	switch strings.ToLower(name) {
	case "host":
		return 0
	case "accept":
		return 1
	case "x-accept-encoding":
		return 3
	case "user-agent":
		return 4
	case "connection":
		if strings.TrimSpace(value) == "close" {
			return 5
		}
	}
	return 2
}

// expand undoes what I2PTunnelHTTPServer did for the way through I2P.
func expand(resp *http.Response) {
	if !strings.EqualFold(strings.TrimSpace(resp.Header.Get("Content-Encoding")), i2pGzip) {
		return
	}
	resp.Header.Del("Content-Encoding")
	resp.Header.Del("Content-Length")
	resp.ContentLength, resp.Uncompressed = -1, true
	resp.Body = &expanded{body: resp.Body}
}

// expanded is the text of a body, read as far as it is asked for.
type expanded struct {
	body io.ReadCloser
	text *gzip.Reader // nil before the first Read
}

func (e *expanded) Read(p []byte) (n int, err error) {
	if e.text == nil {
		if e.text, err = gzip.NewReader(e.body); err != nil {
			return 0, err
		}
	}
	return e.text.Read(p)
}

// Close ends the body. A body that was cut off is an error of Read.
func (e *expanded) Close() error { return e.body.Close() }
