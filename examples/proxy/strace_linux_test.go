package main

import (
	"bufio"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/socks"
)

// TestSystemCalls watches the daemon with strace: whatever clients ask for, it connects to the
// SAM bridge only, and sends nothing by any other way.
func TestSystemCalls(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil && os.Getenv("I2PSOCKS_REQUIRE_ROUTER") != "1" {
		t.Skip("strace is not installed")
	}
	require.NoError(t, err)
	dir := t.TempDir()
	program, log := filepath.Join(dir, "proxy"), filepath.Join(dir, "log")
	out, err := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".").CombinedOutput()
	require.NoError(t, err, "%s", out)
	bridge := samtest.NewStrict(t).Start(nil)
	cmd := exec.CommandContext(t.Context(), strace, "-D", "-f", "-e", "trace=network", "-o", log, program, "-listen", "127.0.0.1:0", "-sam", bridge.Addr())
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start()) // -D: the child is the program, not strace
	t.Cleanup(func() { cmd.Process.Kill() })
	lines := bufio.NewScanner(stdout)
	require.True(t, lines.Scan())
	address, err := url.Parse(lines.Text())
	require.NoError(t, err)

	for _, version := range []socks.Version{socks.SOCKS5, socks.SOCKS4a, socks.SOCKS4} {
		d := socks.Dialer{Version: version, Address: address.Host}
		for _, host := range []string{
			"known.i2p", "example.com", "www.x.i2p.example.com", "localhost",
			"127.0.0.1", "10.0.0.1", "fd60:db4d:ddb5::1", "2130706433", "0x7f000001", "router", "metadata.google.internal", "_dns.resolver.arpa",
		} {
			if conn, err := d.DialContext(t.Context(), "tcp", "["+host+"]:53"); err == nil {
				conn.Close()
			}
		}
	}
	assert.Positive(t, bridge.Count("STREAM CONNECT"))
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	for lines.Scan() {
	}
	require.NoError(t, cmd.Wait())
	var calls []byte
	require.Eventually(t, func() bool {
		calls, err = os.ReadFile(log)
		require.NoError(t, err)
		return strings.Contains(string(calls), "+++ exited with 0 +++\n")
	}, 10*time.Second, 10*time.Millisecond, "strace has not written all")
	_, port, _ := strings.Cut(bridge.Addr(), ":")
	sam := "{sa_family=AF_INET, sin_port=htons(" + port + `), sin_addr=inet_addr("127.0.0.1")}`
	connects := regexp.MustCompile(`connect\(\d+, (\{[^}]*\})`).FindAllSubmatch(calls, -1)
	assert.NotEmpty(t, connects)
	for _, c := range connects {
		if kernel := "{sa_family=AF_NETLINK, nl_pid=0, nl_groups=00000000}"; string(c[1]) != kernel { // asked whose bridge it is
			assert.Equal(t, sam, string(c[1]))
		}
	}
	assert.NotRegexp(t, `send(to|msg|mmsg)\([^)]*sa_family`, string(calls), "datagrams")
	assert.NotRegexp(t, `socket\(AF_(INET|INET6|UNIX|PACKET),[^)]*SOCK_(DGRAM|RAW)`, string(calls), "datagram sockets")
	assert.NotRegexp(t, `NETLINK_ROUTE`, string(calls), "what a resolver of the system would ask")
}
