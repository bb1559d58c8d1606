package i2psocks

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode"

	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/dialer/sam"
)

// RegisterProxySchemes registers the schemes "sam", "i2cp" and "i2p" with package proxy, so that [proxy.FromURL]
// accepts the URLs that [FromURL] describes. The dialer that it returns is an [*Endpoint]; close it. Nothing is
// registered unless this is called. Package proxy has no lock: call it once, before any other use of that package.
//
// A forward dialer other than nil and [proxy.Direct] is an error. Do not rely on [proxy.FromEnvironment]: if the URL
// in ALL_PROXY is invalid it silently connects directly, and so it does, with the system's DNS, for each host that
// NO_PROXY lists, such as "a.i2p" or "*.i2p".
func RegisterProxySchemes() {
	for _, scheme := range []string{"sam", "i2cp", "i2p"} {
		proxy.RegisterDialerType(scheme, func(u *url.URL, forward proxy.Dialer) (proxy.Dialer, error) {
			if forward != nil && forward != proxy.Direct {
				return nil, fmt.Errorf("i2psocks: URL of scheme %q: it cannot be reached through another proxy", u.Scheme)
			}
			ep, err := FromURL(u)
			if err != nil {
				return nil, err // and not a nil *Endpoint
			}
			return ep, nil
		})
	}
}

// FromURL returns the Endpoint that a URL describes:
//
//	sam://127.0.0.1:7656?name=bot&dir=/var/lib/bot   a router's SAM bridge
//	sam:///run/i2pd/sam.sock?name=bot                a SAM bridge on a unix socket
//	i2cp://127.0.0.1:7654?name=bot                   a router's I2CP port
//	i2p://bot?dir=/var/lib/bot                       the router at sam.DefaultAddress, or at the parameter sam
//
// The host of a sam or i2cp URL is an IP address or "localhost"; that of an i2p URL is the name of the identity.
// Either may be missing. Parameters are
//
//	name      Endpoint.Name, in sam and i2cp URLs
//	sam       Endpoint.SAM, in i2p URLs: "IP:port" or "unix:/PATH"
//	dir       Endpoint.Dir, an absolute path
//	length    hops of the tunnels in both directions, 1 to 7
//	quantity  parallel tunnels in each direction, 1 to 6
//	timeout   Endpoint.DialTimeout, such as "90s"; more than 0
//
// Anything else in the URL is an error: unknown, empty and repeated parameters, a user name, a fragment. A URL cannot
// weaken an endpoint: tunnels without hops and ports without a secret can only be set in code. Nothing is opened or
// dialled before the first use.
//
// The environment is not read: NO_PROXY, with which [proxy.FromEnvironment] exempts hosts from the dialer of
// ALL_PROXY, has no effect on the Endpoint.
func FromURL(u *url.URL) (*Endpoint, error) {
	ep := new(Endpoint)
	if err := ep.describe(u); err != nil {
		return nil, fmt.Errorf("i2psocks: URL of scheme %q: %w", u.Scheme, err)
	}
	return ep, nil
}

// describe sets the fields that the URL states. Its errors hold no user name or password.
func (e *Endpoint) describe(u *url.URL) (err error) {
	switch {
	case u.User != nil:
		return errors.New("it holds a user name")
	case u.Fragment != "":
		return errors.New("it holds a fragment")
	case u.Opaque != "":
		return errors.New("// is missing behind the scheme")
	}
	own := "name"
	switch u.Scheme {
	case "sam":
		err = e.describeBridge(u)
	case "i2cp":
		err = e.describeI2CP(u)
	case "i2p":
		own = "sam"
		err = e.describeName(u)
	default:
		err = errors.New("it must be sam, i2cp or i2p")
	}
	if err != nil {
		return err
	}
	values, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return errors.New("malformed parameters")
	}
	for key, value := range values {
		set := parameters[key]
		if set == nil || (key == "name" || key == "sam") && key != own {
			return fmt.Errorf("unknown parameter %q", key)
		}
		if len(value) != 1 {
			return fmt.Errorf("parameter %q is given %d times", key, len(value))
		}
		if err := set(e, value[0]); err != nil {
			return fmt.Errorf("parameter %q: %w", key, err)
		}
	}
	return nil
}

// describeBridge reads where the SAM bridge is: a host, a path, or neither.
func (e *Endpoint) describeBridge(u *url.URL) error {
	switch {
	case u.Host == "" && u.Path == "":
		return nil
	case u.Host == "":
		return setSAM(e, "unix:"+u.Path)
	case u.Path != "" && u.Path != "/":
		return errors.New("it holds both a host and a path")
	}
	host := u.Host
	if u.Port() == "" {
		_, port, _ := net.SplitHostPort(sam.DefaultAddress)
		host = net.JoinHostPort(u.Hostname(), port)
	}
	return setSAM(e, host)
}

// describeI2CP reads where I2CP is spoken.
func (e *Endpoint) describeI2CP(u *url.URL) error {
	if u.Path != "" && u.Path != "/" {
		return errors.New("it holds a path")
	}
	e.I2CP = i2cp.DefaultAddress
	if u.Host == "" {
		return nil
	}
	host := u.Host
	if u.Port() == "" {
		_, port, _ := net.SplitHostPort(i2cp.DefaultAddress)
		host = net.JoinHostPort(u.Hostname(), port)
	}
	address, err := netip.ParseAddrPort(strings.Replace(host, "localhost:", "127.0.0.1:", 1))
	if err != nil || address.Port() == 0 {
		return fmt.Errorf("I2CP address %q is not IP:port", host)
	}
	e.I2CP = host
	return nil
}

// describeName reads the identity's name, which stands in the place of a host.
func (e *Endpoint) describeName(u *url.URL) error {
	if u.Path != "" && u.Path != "/" {
		return errors.New("it holds a path")
	}
	if u.Host == "" {
		return nil
	}
	return setName(e, u.Host)
}

// parameters are the settings that a URL may hold.
var parameters = map[string]func(*Endpoint, string) error{
	"name": setName, "sam": setSAM, "dir": setDir, "length": setLength, "quantity": setQuantity, "timeout": setTimeout,
}

func setName(e *Endpoint, s string) error {
	const letters = "abcdefghijklmnopqrstuvwxyz0123456789_-"
	if s == "" || len(s) > 64 || strings.Trim(s, letters) != "" {
		return fmt.Errorf("name %q is not of 1 to 64 lower-case letters, digits, '_' and '-'", s)
	}
	e.Name = s
	return nil
}

func setSAM(e *Endpoint, s string) error {
	path, isUnix := strings.CutPrefix(s, "unix:")
	address, err := netip.ParseAddrPort(strings.Replace(s, "localhost:", "127.0.0.1:", 1))
	switch {
	case isUnix && !isPath(path):
		return fmt.Errorf("%q is not an absolute path", path)
	case !isUnix && (err != nil || address.Port() == 0):
		return fmt.Errorf("SAM address %q is not IP:port", s)
	}
	e.SAM = s
	return nil
}

func setDir(e *Endpoint, s string) error {
	if !isPath(s) {
		return fmt.Errorf("%q is not an absolute path", s)
	}
	e.Dir = s
	return nil
}

func isPath(s string) bool { return filepath.IsAbs(s) && !strings.ContainsFunc(s, unicode.IsControl) }

func setLength(e *Endpoint, s string) (err error) {
	e.Inbound.Length, err = within(s, 1, 7)
	e.Outbound.Length = e.Inbound.Length
	return err
}

func setQuantity(e *Endpoint, s string) (err error) {
	e.Inbound.Quantity, err = within(s, 1, 6)
	e.Outbound.Quantity = e.Inbound.Quantity
	return err
}

func setTimeout(e *Endpoint, s string) (err error) {
	if e.DialTimeout, err = time.ParseDuration(s); err != nil || e.DialTimeout <= 0 {
		return fmt.Errorf("%q is not a time such as 90s", s)
	}
	return nil
}

func within(s string, low, high int) (int, error) {
	n, err := strconv.Atoi(s)
	if err != nil || n < low || n > high || strconv.Itoa(n) != s {
		return 0, fmt.Errorf("%q is not a number from %d to %d", s, low, high)
	}
	return n, nil
}
