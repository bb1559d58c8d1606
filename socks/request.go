package socks

import (
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/netip"
	"strconv"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
)

// Version is a version of the SOCKS protocol.
type Version byte

// The versions. SOCKS4a is SOCKS4 with a host name in place of an IPv4 address.
const (
	SOCKS4  Version = 4
	SOCKS4a Version = 0x4a
	SOCKS5  Version = 5
)

// String returns a name such as "SOCKS5".
func (v Version) String() string {
	switch v {
	case SOCKS4, SOCKS5:
		return "SOCKS" + strconv.Itoa(int(v))
	case SOCKS4a:
		return "SOCKS4a"
	}
	return fmt.Sprintf("Version(%d)", byte(v))
}

// Command is what a client asks for (RFC 1928, section 4, and Tor's socks-extensions, section 2).
type Command byte

// The commands that the server knows.
const (
	Connect    = Command(wire.CmdConnect)
	Bind       = Command(wire.CmdBind)
	Associate  = Command(wire.CmdAssociate)
	Resolve    = Command(wire.CmdResolve)
	ResolvePTR = Command(wire.CmdResolvePTR)

	// Datagram is not a command of the protocol. [Server].Allow is called with it once for each peer of an
	// association, whether the client or the peer sends first.
	Datagram Command = 0x80
)

// String returns the command as RFC 1928 writes it.
func (c Command) String() string {
	switch c {
	case Connect:
		return "CONNECT"
	case Bind:
		return "BIND"
	case Associate:
		return "UDP ASSOCIATE"
	case Resolve:
		return "RESOLVE"
	case ResolvePTR:
		return "RESOLVE_PTR"
	case Datagram:
		return "datagram"
	}
	return fmt.Sprintf("Command(%#02x)", byte(c))
}

// Request is the request of a client. Printing or logging it shows neither the host nor the credentials.
type Request struct {
	Version Version
	Command Command

	// Host is the name exactly as the client sent it, of any bytes, or the text
	// of IP. [Server].Allow may replace it by its canonical form. It is never empty.
	// In Associate it is where the client says that its datagrams will come from.
	Host string `json:"-"`

	// IP is valid if the client sent an address instead of a name.
	IP netip.Addr

	Port uint16

	// Username and Password are the client's credentials, empty if it gave none.
	// SOCKS 4 has a user ID only: it is the Username, and if the server has an
	// Authenticate function, it is split into both at the last colon, of 8, whose password that accepts. A Username of Tor's extended form
	// ("<torS0X>0") stays as it is; such forms other than 0 are refused. See [Request.Isolation].
	Username, Password string `json:"-"`

	// Client and Local are the two addresses of the client's connection.
	Client, Local net.Addr

	// Peer is the client's program, if it came over a unix socket on Linux, else nil.
	Peer *Peer

	listener string // where the client came in
	secret   bool   // the password is a secret of the server
}

// Addr returns "host:port", as dialers expect it.
func (r Request) Addr() string {
	return net.JoinHostPort(r.Host, strconv.Itoa(int(r.Port)))
}

// String returns version, command and port.
func (r Request) String() string {
	return fmt.Sprintf("%s %s port %d", r.Version, r.Command, r.Port)
}

// Format prints what String returns, whatever the verb.
func (r Request) Format(w fmt.State, _ rune) { io.WriteString(w, r.String()) }

// LogValue returns version, command and port.
func (r Request) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("version", r.Version.String()),
		slog.String("command", r.Command.String()),
		slog.Int("port", int(r.Port)),
	)
}

func (c *conn) request(w *wire.Request) *Request {
	r := &Request{
		Version:  Version(w.Version),
		Command:  Command(w.Command),
		Host:     w.Addr.Name,
		IP:       w.Addr.IP,
		Port:     w.Addr.Port,
		Username: w.Username,
		Password: w.Password,
		Client:   c.nc.RemoteAddr(),
		Local:    c.nc.LocalAddr(),
		Peer:     peerOf(c.nc),
		listener: c.id,
		secret:   c.srv.Authenticate != nil,
	}
	switch {
	case r.IP.IsValid():
		r.Host = r.IP.String()
	case r.Version == SOCKS4:
		r.Version = SOCKS4a
	}
	return r
}
