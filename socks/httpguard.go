package socks

import "strconv"

const httpBody = `This is a SOCKS proxy, not an HTTP proxy and not a web server.
Set it up as a SOCKS5 (or SOCKS4a) proxy that also resolves host names, such as socks5h://.
`

// httpAnswer is what a program gets that speaks HTTP to a SOCKS port. The
// request is not read any further than its first byte: a web page may have written it.
var httpAnswer = "HTTP/1.1 501 Not Implemented\r\n" +
	"Content-Type: text/plain; charset=utf-8\r\n" +
	"Content-Length: " + strconv.Itoa(len(httpBody)) + "\r\n" +
	"Cache-Control: no-store\r\n" +
	"Connection: close\r\n\r\n" + httpBody
