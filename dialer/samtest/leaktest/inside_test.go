package leaktest

import (
	"context"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Resolvers as packages have them that were made before any test.
var (
	captured = net.DefaultResolver
	ofTheOwn = &net.Resolver{PreferGo: true}
	another  = &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", "192.0.2.53:53")
	}}
)

func TestGuardSeesCapturedResolver(t *testing.T) {
	loud := &failing{TB: t}
	o := Guard(loud)
	_, err := captured.LookupHost(t.Context(), "tracker.example")
	assert.ErrorContains(t, err, errQuestion.Error())
	assert.Positive(t, o.Questions())
	loud.end()
	assert.NotEmpty(t, loud.errors)
	assert.Nil(t, net.DefaultResolver.Dial)
}

// TestInside: what the second process does is seen, whatever it does it with.
func TestInside(t *testing.T) {
	t.Cleanup(func() {
		if t.Skipped() && os.Getenv("I2PSOCKS_REQUIRE_ROUTER") == "1" {
			t.Error("namespaces are required")
		}
	})
	t.Setenv("GORACE", "atexit_sleep_ms=0")
	ask := func(r *net.Resolver) func(t *testing.T) {
		return func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
			defer cancel()
			r.LookupHost(ctx, "tracker.example")
		}
	}
	dial := func(address string) func(t *testing.T) {
		return func(*testing.T) { net.DialTimeout("tcp", address, 100*time.Millisecond) }
	}
	for name, tc := range map[string]struct {
		do   func(t *testing.T)
		want string // in what is found; nothing may be if empty
	}{
		"nothing":            {func(*testing.T) {}, ""},
		"itself":             {toItself, ""},
		"a failure":          {func(t *testing.T) { t.Error("odd") }, "odd"},
		"default resolver":   {ask(captured), ":53"},
		"resolver":           {ask(ofTheOwn), ":53"},
		"another's resolver": {ask(another), "UDP to 192.0.2.53:53"},
		"literal address":    {dial("192.0.2.1:80"), "TCP to 192.0.2.1:80"},
		"name server here":   {dial("127.0.0.1:53"), "TCP to 127.0.0.1:53"},
	} {
		t.Run(name, func(t *testing.T) {
			f := &failing{TB: t}
			if Inside(f) {
				tc.do(t)
				return
			}
			f.end()
			if tc.want == "" {
				assert.Empty(t, f.errors)
			} else {
				assert.Contains(t, strings.Join(f.errors, "\n"), tc.want)
			}
		})
	}
}

func toItself(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	conn, err := net.Dial("tcp", ln.Addr().String())
	require.NoError(t, err)
	require.NoError(t, conn.Close())
}

func TestOnlyTest(t *testing.T) {
	assert.Equal(t, `^TestA$/^b\.c$`, onlyTest("TestA/b.c"))
}
