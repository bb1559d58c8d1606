package socks_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/require"
)

const probesHead = `
What else was found to differ between servers, in bytes. "open" asks for no credentials, "secret" for the password pw, "extended" sends Tor's codes.
"end" says that the server closes by itself.

| probe | server | sent | answer |
|---|---|---|---|
`

type probe struct{ name, server, sent string }

// probes are the examples of RFC 1928, RFC 1929, the SOCKS4 and 4a notes and Tor's socks-extensions, and
// what other servers got wrong.
func probes() []probe {
	userPass := func(user, pass string) string {
		return fmt.Sprintf("05 01 02 01 %02x %x %02x %x", len(user), user, len(pass), pass)
	}
	to := func(name string) string { return greetNone + "05 01 00" + name5(name, 80) }
	toSlow := fmt.Sprintf("04 01 00 50 00 00 00 01 00 %x 00", "slow.i2p")
	return []probe{
		{"GET / HTTP/1.1", "open", hex.EncodeToString([]byte("GET / HTTP/1.1\r\n\r\n"))},
		{"TLS hello", "open", "16 03 01"},
		{"one byte, then silence", "open", "05"},
		{"no method", "open", "05 00"},
		{"GSS-API only", "open", "05 01 01"},
		{"offers {0,2}", "open", "05 02 00 02"},
		{"offers {2,0}", "open", "05 02 02 00"},
		{"offers {0}", "secret", "05 01 00"},
		{"right password", "secret", userPass("me", "pw") + toHost},
		{"wrong password", "secret", userPass("me", "no")},
		{"empty user and password", "open", userPass("", "") + toHost},
		{"empty password", "secret", userPass("me", "")},
		{"version of RFC 1929 is 5", "open", "05 01 02 05"},
		{"SOCKS4 user me:pw", "secret", "04 01 00 50 00 00 00 01 6d 65 3a 70 77 00 61 2e 69 32 70 00"},
		{"SOCKS4 user me", "secret", "04 01 00 50 00 00 00 01 6d 65 00 61 2e 69 32 70 00"},
		{"SOCKS4 user without end", "open", "04 01 00 50 01 02 03 04" + strings.Repeat("75", 1016)},
		{"reserved byte is 1", "open", greetNone + "05 01 01"},
		{"port 0", "open", greetNone + "05 01 00" + name5("a.i2p", 0)},
		{"3-letter host", "open", to("foo")},
		{"newline in host", "open", to("a\n.i2p")},
		{"NUL in host", "open", to("a.i2p\x00.com")},
		{"host is an address", "open", to("127.0.0.1")},
		{"refused target", "open", to("refuses.i2p")},
		{"target without answer", "open", to("slow.i2p")},
		{"target without answer, SOCKS4a", "open", toSlow},
		{"unknown target", "open", to("nobody.i2p")},
		{"unknown target, ExtendedErrors", "extended", to("nobody.i2p")},
		{"optimistic data", "open", to("a.i2p") + "68 65 6c 6c 6f"},
		{"user `<torS0X>0`", "open", userPass("<torS0X>0", "pw") + toHost},
		{"user `<torS0X>1`", "open", userPass("<torS0X>1", "pw") + toHost},
	}
}

// troubled is a backend with hosts that fail.
func troubled(ctx context.Context, network, address string) (net.Conn, error) {
	switch host, _, _ := net.SplitHostPort(address); host {
	case "refuses.i2p":
		return nil, syscall.ECONNREFUSED
	case "slow.i2p":
		return hang(ctx, network, address)
	case "nobody.i2p":
		return nil, &socks.ReplyError{Reply: socks.DescriptorNotFound}
	}
	return (&echo{}).DialContext(ctx, network, address)
}

// probeTable asks servers in memory and returns their answers as a table.
func probeTable(t *testing.T) string {
	var table strings.Builder
	table.WriteString(probesHead)
	for _, p := range probes() {
		synctest.Test(t, func(t *testing.T) {
			srv := &socks.Server{Dialer: dial(troubled), ExtendedErrors: p.server == "extended"}
			if p.server == "secret" {
				srv.Authenticate = socks.Secret("pw")
			}
			c := sockstest.Start(t, srv).Client()
			c.Send(p.sent)
			fmt.Fprintf(&table, "| %s | %s | %s | %s |\n", p.name, p.server, abridged(unhex(t, p.sent)), answerTo(t, c))
		})
	}
	synctest.Test(t, func(t *testing.T) {
		fmt.Fprintf(&table, "| half-close, then 8 MiB back | open | | %d %% |\n", echoed(t))
	})
	return table.String()
}

// answerTo returns in words what comes within five minutes.
func answerTo(t *testing.T, c net.Conn) string {
	began := time.Now()
	require.NoError(t, c.SetReadDeadline(began.Add(5*time.Minute)))
	got, err := io.ReadAll(c)
	words := abridged(got)
	if line, _, isHTTP := bytes.Cut(got, []byte("\r\n")); isHTTP {
		words = string(line)
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return words
	}
	require.NoError(t, err)
	words = strings.TrimPrefix(words+", end", ", ")
	if after := time.Since(began); after > 0 {
		words += fmt.Sprintf(" after %v", after)
	}
	return words
}

func abridged(b []byte) string {
	if len(b) > 40 {
		return fmt.Sprintf("% x … (%d bytes)", b[:16], len(b))
	}
	return fmt.Sprintf("% x", b)
}

// echoed returns how many per cent of 8 MiB an echo sends back after the client ended its direction.
func echoed(t *testing.T) int64 {
	const size = 8 << 20
	c := sockstest.Start(t, &socks.Server{Dialer: &echo{}}).Client()
	c.Send(toHost4a)
	c.Expect(granted)
	go func() {
		c.Write(make([]byte, size))
		c.CloseWrite()
	}()
	n, err := io.Copy(io.Discard, c)
	require.NoError(t, err)
	return 100 * n / size
}
