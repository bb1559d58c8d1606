package addrbook

import (
	"crypto/tls"
	"fmt"
	"net"

	"golang.org/x/net/proxy"
)

// checkDialer refuses what goes to the Internet for certain. Whether another dialer
// goes through I2P cannot be seen, but it is given hosts of I2P only.
func (v visitor) checkDialer() error {
	switch v.dialer.(type) {
	case nil:
		return fmt.Errorf("%w: no Dialer", ErrDialer)
	case *net.Dialer, *tls.Dialer, *proxy.PerHost:
		return fmt.Errorf("%w: %T would dial the Internet", ErrDialer, v.dialer)
	}
	if v.dialer == proxy.ContextDialer(proxy.Direct) {
		return fmt.Errorf("%w: proxy.Direct would dial the Internet", ErrDialer)
	}
	return nil
}
