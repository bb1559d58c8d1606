package statuspage

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/go-i2p/i2psocks"
)

// TestCheck: the page answers this machine and its user, not web sites that the user visits.
func TestCheck(t *testing.T) {
	navigation := []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "document"}
	for _, tc := range []struct {
		name, remote, host string
		headers            []string
		want               error
	}{
		{"typed", "127.0.0.1:5", "127.0.0.1:4448", nil, nil},
		{"by name", "127.0.0.1:5", "localhost:4448", nil, nil},
		{"by name, upper case", "127.0.0.1:5", "LOCALHOST", nil, nil},
		{"another loopback address", "127.0.0.1:5", "127.9.9.9", nil, nil},
		{"IPv6", "[::1]:5", "[::1]:4448", nil, nil},
		{"IPv4 in IPv6", "[::ffff:127.0.0.1]:5", "[::1]", nil, nil},
		{"unix socket", "@", "localhost", nil, nil},
		{"a host of the program's", "127.0.0.1:5", "Status.example:80", nil, nil},
		{"itself", "127.0.0.1:5", "localhost:1", []string{"Origin", "http://localhost:1", "Sec-Fetch-Site", "same-origin"}, nil},
		{"a link elsewhere", "127.0.0.1:5", "localhost:1", navigation, nil},

		{"another machine", "192.0.2.7:5", "127.0.0.1:4448", nil, ErrRemote},
		{"over I2P", "aaaa.b32.i2p:0", "localhost", nil, ErrRemote},
		{"rebound name", "127.0.0.1:5", "evil.example:4448", nil, ErrHost},
		{"rebound name under localhost", "127.0.0.1:5", "localhost.evil.example", nil, ErrHost},
		{"rebound number", "127.0.0.1:5", "127.0.0.1.evil.example", nil, ErrHost},
		{"zero", "127.0.0.1:5", "0.0.0.0:4448", nil, ErrHost},
		{"short number", "127.0.0.1:5", "127.1:4448", nil, ErrHost},
		{"no host", "127.0.0.1:5", "", nil, ErrHost},
		{"another page", "127.0.0.1:5", "localhost:1", []string{"Origin", "http://evil.example"}, ErrOrigin},
		{"another port", "127.0.0.1:5", "localhost:1", []string{"Origin", "http://localhost:2"}, ErrOrigin},
		{"sandboxed page", "127.0.0.1:5", "localhost:1", []string{"Origin", "null"}, ErrOrigin},
		{"a file", "127.0.0.1:5", "localhost:1", []string{"Origin", "file://localhost:1"}, ErrOrigin},
		{"two origins", "127.0.0.1:5", "localhost:1", []string{"Origin", "http://localhost:1", "Origin", "http://evil.example"}, ErrOrigin},
		{"an image elsewhere", "127.0.0.1:5", "localhost:1", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "no-cors", "Sec-Fetch-Dest", "image"}, ErrOrigin},
		{"a frame elsewhere", "127.0.0.1:5", "localhost:1", []string{"Sec-Fetch-Site", "cross-site", "Sec-Fetch-Mode", "navigate", "Sec-Fetch-Dest", "iframe"}, ErrOrigin},
		{"a script of another port", "127.0.0.1:5", "localhost:1", []string{"Sec-Fetch-Site", "same-site", "Sec-Fetch-Mode", "cors", "Sec-Fetch-Dest", "empty"}, ErrOrigin},
	} {
		t.Run(tc.name, func(t *testing.T) {
			h := &Handler{Endpoint: new(i2psocks.Endpoint), Hosts: []string{"status.example"}}
			defer h.Close()
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr, r.Host = tc.remote, tc.host
			for i := 0; i < len(tc.headers); i += 2 {
				r.Header.Add(tc.headers[i], tc.headers[i+1])
			}
			assert.ErrorIs(t, h.Check(r), tc.want)
			w := httptest.NewRecorder()
			h.ServeHTTP(w, r)
			switch {
			case tc.want == nil:
				assert.Equal(t, http.StatusOK, w.Code)
			case tc.want == ErrHost:
				assert.Equal(t, http.StatusMisdirectedRequest, w.Code)
			default:
				assert.Equal(t, http.StatusForbidden, w.Code)
			}
			if tc.want != nil {
				assert.Equal(t, tc.want.Error()+"\n", w.Body.String(), "nothing of the page")
			}
		})
	}
}

// TestAllowRemote: other machines are let in on demand, rebound names never are.
func TestAllowRemote(t *testing.T) {
	h := &Handler{AllowRemote: true, Hosts: []string{"status.example"}}
	r := httptest.NewRequest("GET", "/", nil)
	r.RemoteAddr, r.Host = "192.0.2.7:5", "status.example"
	assert.NoError(t, h.Check(r))
	r.Host = "evil.example"
	assert.ErrorIs(t, h.Check(r), ErrHost)
}
