package i2psocks_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestEnv: what is about proxies is the port's, all else is left.
func TestEnv(t *testing.T) {
	px := listenSOCKS(t, endpoint(t, ""), "127.0.0.1:0")
	base := []string{
		"PATH=/bin", "http_proxy=http://10.0.0.1:3128", "HTTP_PROXY=x", "Https_Proxy=x", "NO_PROXY=*", "no_proxy=*", "No_Proxy=*", "npm_config_noproxy=*",
		"npm_config_https_proxy=x", "FTP_PROXY", "EMPTY=", "LINE=a=b", "=C:=C:\\", "PATH=/usr/bin", "ALL_PROXY=y", "GIT_PROXY_COMMAND=x",
		"SOCKS_SERVER=10.0.0.1", "SOCKS5_SERVER=10.0.0.1:1080", "socks_version=4",
	}
	before := strings.Join(base, "\n")
	env := px.Env(base)
	assert.Equal(t, before, strings.Join(base, "\n"), "base is not changed")
	var rest []string
	seen := make(map[string]bool)
	for _, entry := range env {
		name, value, _ := strings.Cut(entry, "=")
		if !containsFold(name, "proxy") {
			rest = append(rest, entry)
			continue
		}
		require.False(t, seen[name], "twice: %s", name)
		seen[name] = true
		if containsFold(name, "no_proxy") {
			assert.Empty(t, value)
		} else {
			assert.Equal(t, px.URL().String(), value, name)
		}
	}
	assert.Equal(t, []string{"PATH=/bin", "EMPTY=", "LINE=a=b", "=C:=C:\\", "PATH=/usr/bin"}, rest)
	for _, name := range []string{
		"all_proxy", "ALL_PROXY", "http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ftp_proxy", "FTP_PROXY", "no_proxy", "NO_PROXY",
	} {
		assert.True(t, seen[name], name)
	}
	assert.Len(t, px.Env(nil), len(seen), "the program's own environment is not read")
}

func containsFold(s, part string) bool { return strings.Contains(strings.ToLower(s), part) }
