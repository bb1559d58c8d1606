package i2psocks

import (
	"net/http"
	"time"
)

// HTTPClient returns a client that reaches I2P and nothing else. It asks no proxy of the environment. Its
// connections are shared by all clients of the endpoint and end with it. Web sites see the
// header User-Agent of Go's net/http unless requests set another.
func (e *Endpoint) HTTPClient() *http.Client {
	return &http.Client{Transport: e.transport()}
}

func (e *Endpoint) transport() *http.Transport {
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
