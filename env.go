package i2psocks

import "strings"

// proxyVariables are those that programs read: curl and what is made with it, Go, Python, wget, npm, most package
// managers. Some read one spelling only, and where they read both, not all prefer the same.
var proxyVariables = []string{
	"all_proxy", "http_proxy", "https_proxy", "ftp_proxy", "ws_proxy", "wss_proxy", "socks_proxy",
}

// Env returns the environment of a child that is to go through the port: base, such as [os.Environ], with the proxy
// variables of all spellings set to the URL, no_proxy empty, and any other variable left out that has "proxy" in its
// name: each may lead past the port, without a word. It holds the secret.
//
//	cmd.Env = px.Env(os.Environ())
//
// A program that knows these variables and no SOCKS, such as wget, then stops. One that knows none of them,
// or is told otherwise by a file of its own, such as .curlrc, goes its own way, and asks the
// system's DNS: the environment is a request, and no wall. Of the programs in socks/CLIENTS.md it is known what they do.
// Only curl, and what is made with it, can use a unix socket; others fail.
//
// [os.Environ]: https://pkg.go.dev/os#Environ
func (p *Proxy) Env(base []string) []string {
	env := make([]string, 0, len(base)+2*len(proxyVariables)+2)
	for _, entry := range base {
		name, _, _ := strings.Cut(entry, "=")
		if !strings.Contains(strings.ToLower(name), "proxy") {
			env = append(env, entry)
		}
	}
	address := p.URL().String()
	for _, name := range proxyVariables {
		env = append(env, name+"="+address, strings.ToUpper(name)+"="+address)
	}
	return append(env, "no_proxy=", "NO_PROXY=")
}
