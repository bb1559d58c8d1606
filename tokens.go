package i2psocks

import (
	"context"
	"crypto/rand"
	"fmt"
	"strings"

	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks/socks"
)

// isolateAs names the port, apart from all others: by its address if its tokens have lasting
// identities, else at random.
func (p *Proxy) isolateAs(random bool) {
	p.lasting = p.endpoint.Isolation.Persistent && !random
	p.scope = rand.Text()
	if p.lasting {
		p.scope = p.Addr().String()
	}
}

// token returns the credentials that ask for an identity of their own; both are empty for the endpoint's own.
func (p *Proxy) token(r *socks.Request) (username, password string) {
	switch {
	case p.endpoint.Isolation.Off:
		return "", ""
	case p.user == nil:
		return r.Username, r.Password
	case r.Username == p.user.Username():
		return "", ""
	}
	return r.Username, "" // the password is the secret
}

// choose returns as whom a request is served.
func (p *Proxy) choose(_ context.Context, r *socks.Request) (proxy.ContextDialer, error) {
	username, password := p.token(r)
	if username == "" && password == "" {
		return p.endpoint, nil
	}
	token := fmt.Sprintf("%s %q %q", p.scope, username, password)
	return p.endpoint.isolate(r.Origin(), isolationKey(p.lasting, p.scope, username, password), token), nil
}

// guardBind refuses BIND as the endpoint's own identity: visitors of the program would be talking to the client.
func (p *Proxy) guardBind(_ context.Context, r *socks.Request) error {
	if username, password := p.token(r); r.Command == socks.Bind && username == "" && password == "" {
		return errUnable
	}
	return nil
}

// retire ends the identities of the port's tokens.
func (p *Proxy) retire() {
	prefix := strings.TrimSuffix(isolationKey(p.lasting, p.scope, "", ""), `"" ""`)
	p.endpoint.pool().Retire(func(key string) bool { return strings.HasPrefix(key, prefix) })
}
