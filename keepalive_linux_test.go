package i2psocks_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// Programs come one after the other, each with its own user name, and leave without waiting for the end of a site that
// keeps its connections. There are more of them than identities.
func TestTokensDoNotRunOut(t *testing.T) {
	nw := samtest.NewNetwork()
	t.Cleanup(nw.Close)
	site, visitor := endpoint(t, nw.Start(nil).Addr()), endpoint(t, nw.Start(nil).Addr())
	serve(t, site, hello)
	px, err := visitor.ListenSOCKS(t.Context(), "tcp", "127.0.0.1:0")
	require.NoError(t, err)
	secret, _ := px.URL().User.Password()
	for i := range 20 {
		c, err := through(px, fmt.Sprint("job", i), secret).DialContext(t.Context(), "tcp", site.Addr().Host+":80")
		require.NoError(t, err, "run %d", i)
		fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x.i2p\r\n\r\n")
		resp, err := http.ReadResponse(bufio.NewReader(c), nil)
		require.NoError(t, err)
		_, err = io.Copy(io.Discard, resp.Body)
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, resp.StatusCode)
		require.NoError(t, c.Close())
	}
	require.Eventually(t, func() bool { return px.Status().Clients == 0 }, time.Second, time.Millisecond, "nothing is left")
}
