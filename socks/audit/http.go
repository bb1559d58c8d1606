package audit

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"
)

// commonAgent is what I2P's own HTTP proxy makes of every User-Agent.
const commonAgent = "MYOB/6.66 (AN/ON)"

// forwarding are headers that say for whom a request is made.
var forwarding = []string{
	"X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Server", "Forwarded", "Via", "X-Real-Ip", "Client-Ip",
	"X-Client-Ip", "True-Client-Ip", "X-Originating-Ip", "Cf-Connecting-Ip", "X-Cluster-Client-Ip", "X-Original-Forwarded-For",
	"X-Remote-Addr", "X-Remote-Ip", "Fastly-Client-Ip",
}

// httpRequest understands the head of a request (RFC 9112), and passes over its body to the next one. Requests behind
// a body of unknown length, which is in chunks, are searched only.
func httpRequest(s *stream, b []byte, final bool) (int, parser) {
	s.protocol = "HTTP"
	blank := len(b) - len(bytes.TrimLeft(b, "\r\n"))
	if blank == len(b) {
		return blank, httpRequest
	}
	head, rest, ok := cutHead(b[blank:])
	if !ok && !final {
		return blank, httpRequest
	}
	r, err := http.ReadRequest(bufio.NewReader(bytes.NewReader(append(head, "\r\n\r\n"...))))
	if err != nil {
		return len(b), nil
	}
	s.httpHead(r)
	switch {
	case !ok || r.ContentLength < 0:
		return len(b), nil
	case r.Method == http.MethodConnect:
		return len(b) - len(rest), startTLS // most tunnels are for it
	}
	return len(b) - len(rest), httpBody(r.ContentLength)
}

// httpBody passes over the rest of a body.
func httpBody(length int64) parser {
	if length == 0 {
		return httpRequest
	}
	return func(_ *stream, b []byte, _ bool) (int, parser) {
		n := min(length, int64(len(b)))
		return int(n), httpBody(length - n)
	}
}

// cutHead returns the header lines that are there, without the empty line that ends them.
func cutHead(b []byte) (head, rest []byte, complete bool) {
	for _, end := range []string{"\r\n\r\n", "\n\n"} {
		if head, rest, ok := bytes.Cut(b, []byte(end)); ok {
			return bytes.Clone(head), rest, true
		}
	}
	return bytes.Clone(b[:max(0, bytes.LastIndexByte(b, '\n'))]), nil, false
}

func (s *stream) httpHead(r *http.Request) {
	h := r.Header
	for _, v := range slices.Concat(h.Values("Referer"), h.Values("Origin")) {
		if v != "" && v != "null" && refererHost(v) != s.host {
			s.found(HTTPReferer, s.value(v))
		}
	}
	for _, name := range forwarding {
		for _, v := range h.Values(name) {
			if v != "" {
				s.found(HTTPForwarded, name+": "+s.value(v))
			}
		}
	}
	if v := h.Get("User-Agent"); v != commonAgent {
		if v != "" {
			s.found(HTTPUserAgent, s.value(v))
		}
		s.program("User-Agent", v)
	}
	if v := h.Get("Accept-Language"); !commonLanguage(v) {
		s.found(HTTPLanguage, s.value(v))
	}
	if v := h.Get("From"); v != "" {
		s.found(HTTPFrom, s.value(v))
	}
	if host := hostOnly(r.Host); host != "" && host != s.host {
		s.found(HTTPHost, s.value(host))
	}
	s.httpCredentials(h)
	for _, c := range r.Cookies() {
		s.link("cookie", c.Name+"="+c.Value)
	}
	s.link("ETag", h.Get("If-None-Match"))
	s.announcement(r.URL.Query())
}

func (s *stream) httpCredentials(h http.Header) {
	for _, name := range []string{"Authorization", "Proxy-Authorization"} {
		scheme, text, _ := strings.Cut(h.Get(name), " ")
		if strings.EqualFold(scheme, "NTLM") || strings.EqualFold(scheme, "Negotiate") {
			s.found(HTTPAuthorization, scheme)
			if token, err := base64.StdEncoding.DecodeString(strings.TrimSpace(text)); err == nil {
				s.search(token, new(int), true)
			}
			continue
		}
		s.link("credentials", text)
	}
}

// announcement judges what a BitTorrent client tells a tracker (BEP 3, BEP 7). In I2P the address there is a
// destination, which is no leak.
func (s *stream) announcement(q url.Values) {
	if !q.Has("info_hash") {
		return
	}
	s.protocol = "BitTorrent"
	for _, name := range []string{"ip", "ipv4", "ipv6"} {
		v := q.Get(name)
		if host, _, err := net.SplitHostPort(v); err == nil {
			v = host
		}
		if a, err := netip.ParseAddr(v); err == nil && !a.IsUnspecified() {
			s.found(BitTorrentAddress, name+"="+s.value(v))
		}
	}
	s.peerID(q.Get("peer_id"))
	s.link("key", q.Get("key"))
}

func refererHost(v string) string {
	u, err := url.Parse(v)
	if err != nil {
		return ""
	}
	return canonical(u.Hostname())
}

func hostOnly(hostport string) string { return canonical((&url.URL{Host: hostport}).Hostname()) }

// commonLanguage reports whether an Accept-Language is one of the crowd's: none, or English.
func commonLanguage(v string) bool {
	for tag := range strings.SplitSeq(v, ",") {
		switch tag, _, _ = strings.Cut(strings.TrimSpace(tag), ";"); strings.ToLower(tag) {
		case "", "*", "en", "en-us":
		default:
			return false
		}
	}
	return true
}
