package i2psocks

import (
	"net/http"
	"time"
)

// HTTPClient returns a client that reaches I2P and nothing else. It asks no proxy of the environment. Its
// connections are shared by all clients of the endpoint and end with it. Web sites see the header
// User-Agent that I2P's own HTTP proxy gives to every browser, unless requests set another.
func (e *Endpoint) HTTPClient() *http.Client {
	return &http.Client{Transport: commonAgent{e.web()}}
}

func (e *Endpoint) web() *http.Transport {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.http == nil {
		e.http = &http.Transport{
			DialContext:         e.DialContext,
			MaxIdleConnsPerHost: 4,
			IdleConnTimeout:     time.Minute,
			TLSHandshakeTimeout: time.Minute,
		}
	}
	return e.http
}

// commonAgent gives requests the User-Agent of the crowd: that of Go's net/http would stand out.
type transport = http.Transport
type commonAgent struct{ *http.Transport }

func (a commonAgent) RoundTrip(r *http.Request) (*http.Response, error) {
	if _, ok := r.Header["User-Agent"]; !ok {
		r = r.Clone(r.Context())
		r.Header.Set("User-Agent", "MYOB/6.66 (AN/ON)")
	}
	return a.Transport.RoundTrip(r)
}
