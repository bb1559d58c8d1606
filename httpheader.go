package i2psocks

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// What I2PTunnelHTTPClient of Java I2P puts into requests.
const (
	userAgent = "MYOB/6.66 (AN/ON)"
	// acceptEncoding is for I2PTunnelHTTPServer, which compresses for the way through I2P.
	acceptEncoding = i2pGzip + ";q=1.0, identity;q=0.5, deflate;q=0, gzip;q=0, *;q=0"
	i2pGzip        = "x-i2p-gzip"
)

// proxied returns a request with the headers that a proxy of I2P lets through.
func proxied(r *http.Request) *http.Request {
	sent := r.Clone(r.Context())
	sent.Header = make(http.Header, len(r.Header))
	for _, written := range slices.Sorted(maps.Keys(r.Header)) {
		name := http.CanonicalHeaderKey(written) // or there could be a second Host or User-Agent
		if values := through(name, r.Header[written], r.URL); len(values) > 0 {
			sent.Header[name] = append(sent.Header[name], values...)
		}
	}
	if sent.Header.Get("User-Agent") == "" {
		sent.Header.Set("User-Agent", userAgent)
	}
	if sent.Header.Get("Accept") == "" {
		sent.Header.Set("Accept", "*/*") // which is what no Accept means, and which curl sends
	}
	return sent
}

// through returns which values of a header get through.
func through(name string, values []string, to *url.URL) []string {
	switch name := strings.ToLower(name); {
	case name == "accept":
		values = slices.Clone(values)
		for i := range values {
			values[i] = accept(values[i])
		}
		return values
	case name == "accept-encoding":
		return values
	case name == "referer":
		if len(values) == 0 || referer(values[0], to) == "" {
			return nil
		}
		return []string{referer(values[0], to)}
	case name == "connection":
		return slices.DeleteFunc(slices.Clone(values), func(v string) bool { return !strings.Contains(strings.ToLower(v), "upgrade") })
	case name == "authorization": // these tell the names of user and machine
		return slices.DeleteFunc(slices.Clone(values), func(v string) bool {
			scheme, _, _ := strings.Cut(strings.ToLower(v), " ")
			return scheme == "ntlm" || scheme == "negotiate"
		})
	case slices.Contains(told, name), slices.ContainsFunc(toldPrefixes, func(p string) bool { return strings.HasPrefix(name, p) }):
		return nil
	}
	return values
}

// told are headers that tell of who sends, or of proxies that he has.
var (
	told = []string{
		"via", "from", "forwarded", "keep-alive", "x-real-ip", "x-client-ip", "client-ip", "true-client-ip", "x-cluster-client-ip",
		"x-original-forwarded-for", "x-originating-ip", "x-remote-addr", "x-remote-ip", "fastly-client-ip", "cdn-loop",
	}
	toldPrefixes = []string{"accept-", "cf-", "proxy-", "x-forwarded"}
)

// accept replaces what browsers send by what the most of them send, as the proxy does.
func accept(value string) string {
	lower := strings.ToLower(value)
	html, css, image := strings.Contains(lower, "text/html"), strings.Contains(lower, "text/css"), strings.Contains(lower, "image")
	switch {
	case html && !css && !image:
		return "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
	case image && !html && !css:
		return "image/webp,image/apng,image/*,*/*;q=0.8"
	case css && !html && !image:
		return "text/css,*/*;q=0.1"
	}
	return value
}

// referer returns where a visitor came from, if that was the site itself, without its name; else "".
func referer(from string, to *url.URL) string {
	u, err := url.Parse(from)
	if err != nil || u.Scheme != to.Scheme || !strings.EqualFold(u.Host, to.Host) {
		return ""
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	return path
}
