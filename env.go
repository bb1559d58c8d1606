package i2psocks

import "strings"

// proxyVariables are those that programs read: curl and what is made with it, Go, Python, wget, npm, most package
// managers. Some read one spelling only, and where they read both, not all prefer the same.
var proxyVariables = []string{
	"all_proxy", "http_proxy", "https_proxy", "ftp_proxy", "ws_proxy", "wss_proxy", "socks_proxy",
}

// Env returns base, such as [os.Environ], changed for a child process that is to use the port: the proxy variables in
// all spellings are set to the URL, no_proxy is empty, and all other variables with "proxy" in their name are
// removed, and those that begin with "socks", such as SOCKS5_SERVER of Dante, because each may make programs bypass the
// port. It contains the secret.
//
//	cmd.Env = px.Env(os.Environ())
//
// A program that reads these variables but does not support SOCKS, such as wget, fails. A program that ignores them,
// or whose configuration file says otherwise, such as .curlrc, bypasses the port and uses the system's DNS: the
// environment is a request and enforces nothing. socks/CLIENTS.md lists the behaviour of common programs. A unix
// socket can be used by curl, and programs based on it, only; others fail.
//
// [os.Environ]: https://pkg.go.dev/os#Environ
func (p *Proxy) Env(base []string) []string {
	env := make([]string, 0, len(base)+2*len(proxyVariables)+2)
	for _, entry := range base {
		name, _, _ := strings.Cut(entry, "=")
		if name = strings.ToLower(name); !strings.Contains(name, "proxy") && !strings.HasPrefix(name, "socks") {
			env = append(env, entry)
		}
	}
	address := p.URL().String()
	for _, name := range proxyVariables {
		env = append(env, name+"="+address, strings.ToUpper(name)+"="+address)
	}
	return append(env, "no_proxy=", "NO_PROXY=")
}
