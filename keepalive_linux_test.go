package i2psocks_test

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os/exec"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
)

var tokens = flag.Int("tokens", 20, "how many user names the test of running out of identities has")

// Programs come one after the other, each with its own user name, and leave without waiting for the end of a site that
// keeps its connections. There are more of them than identities.
func TestTokensDoNotRunOut(t *testing.T) { overBothFreely(t, testTokensDoNotRunOut) }

func testTokensDoNotRunOut(t *testing.T, nw *network) {
	programs := map[string]func(*testing.T, *i2psocks.Proxy, string, string) string{"ours": fetch}
	if _, err := exec.LookPath("curl"); err == nil {
		programs["curl"] = fetchByCurl
	}
	for name, get := range programs {
		t.Run(name, func(t *testing.T) {
			site, visitor := nw.endpoint(t), nw.endpoint(t)
			serve(t, site, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "kept") }))
			px, err := visitor.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
			require.NoError(t, err)
			for i := range *tokens {
				require.Equal(t, "kept", get(t, px, fmt.Sprint("job", i), site.Addr().Host), "run %d", i)
			}
			require.Eventually(t, func() bool { return px.Status().Clients == 0 }, time.Second, time.Millisecond, "nothing is left")
			assert.LessOrEqual(t, len(visitor.IsolatedStatus()), 16)
		})
	}
}

func fetch(t *testing.T, px *i2psocks.Proxy, user, host string) string {
	secret, _ := px.URL().User.Password()
	c, err := through(px, user, secret).DialContext(t.Context(), "tcp", host+":80")
	require.NoError(t, err)
	defer c.Close()
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x.i2p\r\n\r\n")
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	require.NoError(t, err)
	body, err := io.ReadAll(resp.Body)
	require.NoError(t, err)
	return string(body)
}

func fetchByCurl(t *testing.T, px *i2psocks.Proxy, user, host string) string {
	u := *px.URL()
	secret, _ := u.User.Password()
	u.User = url.UserPassword(user, secret)
	cmd := exec.CommandContext(t.Context(), "curl", "-sS", "--max-time", "30", "--proxy", u.String(), "http://"+host+"/")
	cmd.Env = []string{}
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return string(out)
}
