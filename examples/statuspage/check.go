package statuspage

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
)

// Why a request is refused. Test for them with errors.Is.
var (
	// ErrRemote: the request does not come from this machine.
	ErrRemote = errors.New("statuspage: this page is for its own machine")
	// ErrHost: the request is for a host that the page is not known by, as one of a rebound name is.
	ErrHost = errors.New("statuspage: this page is not known by that host")
	// ErrOrigin: another page asks, not the user.
	ErrOrigin = errors.New("statuspage: this page answers no other page")
)

// Check tells whether the handler would answer a request: nil, or one of the Err values. Other handlers of the same server may use it.
func (h *Handler) Check(r *http.Request) error {
	switch {
	case !h.AllowRemote && !fromHere(r.RemoteAddr):
		return ErrRemote
	case !h.knownBy(r.Host):
		return ErrHost
	case !ofItself(r):
		return ErrOrigin
	}
	return nil
}

func statusOf(err error) int {
	if errors.Is(err, ErrHost) {
		return http.StatusMisdirectedRequest
	}
	return http.StatusForbidden
}

// fromHere tells whether a client is of this machine: on loopback or on a unix socket, whose clients have no address.
func fromHere(remote string) bool {
	if remote == "" || remote == "@" {
		return true
	}
	addr, err := netip.ParseAddrPort(remote)
	return err == nil && addr.Addr().Unmap().IsLoopback()
}

// knownBy tells whether a Host header, with or without port, is one that nobody else can make point here.
func (h *Handler) knownBy(hostport string) bool {
	host := hostport
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		host = name
	}
	host = strings.ToLower(strings.Trim(host, "[]"))
	if host == "localhost" {
		return true
	}
	if addr, err := netip.ParseAddr(host); err == nil && addr.Unmap().IsLoopback() {
		return true
	}
	for _, known := range h.Hosts {
		if host != "" && host == strings.ToLower(known) {
			return true
		}
	}
	return false
}

// ofItself tells whether the user asks, by a link or by typing, or the page itself. Browsers say so by Origin and Sec-Fetch-Site, other
// programs have neither.
func ofItself(r *http.Request) bool {
	origins := r.Header.Values("Origin")
	for _, origin := range origins {
		u, err := url.Parse(origin)
		if err != nil || (u.Scheme != "http" && u.Scheme != "https") || !strings.EqualFold(u.Host, r.Host) {
			return false
		}
	}
	switch r.Header.Get("Sec-Fetch-Site") {
	case "", "none", "same-origin":
		return true
	}
	return len(origins) == 0 && r.Header.Get("Sec-Fetch-Mode") == "navigate" && r.Header.Get("Sec-Fetch-Dest") == "document"
}
