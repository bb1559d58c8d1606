package clients_test

import (
	"cmp"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// client is a foreign program, or one way to use it. Each has its row in socks/CLIENTS.md.
type client struct {
	name  string
	needs []string // programs, or files
	on    port     // which port it is given
	// asks is what the server must see, in this order; see asked. It is what proves that names come
	// as names.
	asks []string
	run  func(t *testing.T, w *world)
}

// port is a kind of SOCKS port.
type port int

const (
	open      port = iota // without a secret
	secret                // with one
	virtual               // without one, with virtual addresses
	datagrams             // without one, with datagrams
	unix                  // on a unix socket
)

// clients are the programs of all systems; clients_linux_test.go adds those of Linux.
var clients = slices.Concat(goClients, curlClients, languageClients, systemClients)

// requireClients makes a program that is not installed a failure.
const requireClients = "I2PSOCKS_REQUIRE_CLIENTS"

// TestClients runs each program against an endpoint of its own on an I2P network in the process.
func TestClients(t *testing.T) {
	nw := samtest.NewStrict(t)
	site, bridge := newSite(t, nw.Start(nil)), nw.Start(nil)
	nw.SetHost("site.i2p", site.web.Destination)
	nw.SetHost("shell.i2p", site.shell.Destination)
	t.Run("client", func(t *testing.T) {
		for _, c := range clients {
			t.Run(c.name, func(t *testing.T) {
				t.Parallel()
				c.require(t)
				w, seen := newWorld(t, c.on, bridge, site)
				c.run(t, w)
				assert.Equal(t, c.asks, c.known(seen()), "what the server was asked")
			})
		}
	})
}

// known leaves out the hosts that a browser asks for by itself, which are refused.
func (c client) known(asked []string) []string {
	if c.name != "chromium" {
		return asked
	}
	return slices.DeleteFunc(asked, func(s string) bool { return strings.HasSuffix(s, anotherName) })
}

// require skips the test, or fails it, if the program is not there.
func (c client) require(t *testing.T) {
	for _, program := range c.needs {
		var err error
		if strings.HasPrefix(program, "/") || strings.HasPrefix(program, ".") {
			_, err = os.Stat(program)
		} else {
			_, err = exec.LookPath(program)
		}
		if err == nil {
			continue
		}
		if os.Getenv(requireClients) == "1" {
			require.NoError(t, err, "run .ci/clients")
		}
		t.Skip(err)
	}
}

// TestClientsAreDocumented checks that socks/CLIENTS.md has each client, with what the server sees of it.
func TestClientsAreDocumented(t *testing.T) {
	if systemClients == nil {
		t.Skip("the document is for Linux")
	}
	text, err := os.ReadFile("../../socks/CLIENTS.md")
	require.NoError(t, err)
	documented, tested := make(map[string]string), make(map[string]string)
	for _, row := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|[^|]+\\| ([^|]+) \\|[^|]+\\|\r?$").FindAllStringSubmatch(string(text), -1) {
		assert.NotContains(t, documented, row[1], "two rows")
		documented[row[1]] = row[2]
	}
	for _, c := range clients {
		assert.NotContains(t, tested, c.name, "two clients")
		tested[c.name] = cmp.Or(strings.Join(c.asks, ", "), "nothing")
	}
	assert.Equal(t, tested, documented)
}
