package i2pnet

import (
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strings"
)

// Config says what network to start. The zero value is the smallest network that works reliably.
type Config struct {
	// Routers is how many plain routers there are; zero means 2. They are
	// numbered from 0, and the floodfills after them. Tests dial from plain ones:
	// a floodfill of i2pd before 2.48 cannot talk to a destination it stores itself.
	Routers int
	// Floodfills is how many routers serve the network database; zero means 1.
	Floodfills int
	// I2PD is the folder that holds i2pd; if empty, i2pd is looked for in PATH.
	I2PD string
	// Dir is where the network makes its own folder; if empty, in the default folder for temporary files.
	Dir string
	// Links, if set, says what the way from one router to another is like, each direction by itself; Network.SetLink
	// changes that. Each router then lives in a namespace of its own, and this process carries their
	// packets, which takes TUN and veth devices and some CPU time. A guest is router number
	// Routers+Floodfills. Without it the routers share a loopback device.
	Links func(from, to int) Link
	// Seed is where the chance of all links comes from: on each link, the n-th packet of two
	// networks with the same seed has the same luck.
	Seed uint64
	// TCP is the congestion control of the routers' connections, by its name in Linux, such as cubic or bbr; empty is the
	// kernel's default. Where links lose packets, little depends more on it.
	TCP string
	// Output gets what the routers print, a line at a time, each with the
	// router's number before it; nil discards it.
	Output io.Writer

	crashed func(i int) // called when router i has ended by itself; may be nil
}

const maxRouters = 200 // as many as have an address

func (c Config) routers() int { return defaulted(c.Routers, 2) }

func (c Config) floodfills() int { return defaulted(c.Floodfills, 1) }

func defaulted(n, zero int) int {
	if n == 0 {
		return zero
	}
	return n
}

func (c Config) validate() error {
	r, f := c.routers(), c.floodfills()
	if r < 0 || f < 0 || r+f > maxRouters {
		return fmt.Errorf("i2pnet: cannot number %d routers and %d floodfills", r, f)
	}
	return nil
}

// program returns the path of i2pd.
func (c Config) program() (string, error) {
	name, where := "i2pd", "PATH"
	if c.I2PD != "" {
		name, where = filepath.Join(c.I2PD, "i2pd"), c.I2PD
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("%w: no i2pd in %s", ErrMissing, where)
	}
	return filepath.Abs(path)
}

// Files in the folder of a router.
const (
	configFile = "i2pd.conf"
	infoFile   = "router.info"
	reseedFile = "reseed.zip"
)

const (
	peerPort = 4567 // NTCP2, on the router's own address
	i2cpPort = 7654 // I2CP, on its address for clients
	samPort  = 7656 // SAM, on the router's address for clients; i2pd takes datagrams one below
)

// peerAddress is what router i has in its router info, after this many starts. It is of
// RFC 2544's benchmarking range, as i2pd takes no loopback or private address from a peer.
func peerAddress(i, starts int) (string, error) {
	if starts > 255 {
		return "", fmt.Errorf("i2pnet: router %d has been started too often", i)
	}
	return fmt.Sprintf("198.18.%d.%d", starts, i+1), nil
}

func loopback(i int) string { return fmt.Sprintf("127.0.0.%d", i+1) }

// Where routers have namespaces of their own, SAM and I2CP are reached from the network's over a wire, which
// has these addresses.
func homeAddress(i int) string { return fmt.Sprintf("10.18.0.%d", i+1) }
func wireAddress(i int) string { return fmt.Sprintf("10.18.1.%d", i+1) }

// settings returns the configuration file of a router. All that would
// reach out of the network or cost time is off, and every length is stated.
//
// The router's own tunnels have no hops, as building longer ones makes two routers that meet dial each other within
// milliseconds: over a third router, one has the other answer it while it dials itself. Then i2pd replaces one connection by the
// other, and the router whose dial that ends takes its peer to be unreachable for 8 minutes, if it has no other
// transport to try (Transports::ConnectToPeer): it sends nothing to that peer once the connection has ended, and a
// floodfill is asked for nothing.
func settings(peer, home string, floodfill bool) string {
	return strings.NewReplacer(
		"PEER", peer, "HOME", home, "FLOODFILL", fmt.Sprint(floodfill), "ZIP", reseedFile,
	).Replace(fmt.Sprintf(template, peerPort, peerPort, samPort, i2cpPort))
}

const template = `log=stdout
loglevel=warn
ipv4=true
ipv6=false
nat=false
host=PEER
address4=PEER
port=%d
netid=88
reservedrange=false
bandwidth=X
share=100
floodfill=FLOODFILL
[ntcp2]
enabled=true
published=true
port=%d
[ssu2]
enabled=false
published=false
[sam]
enabled=true
address=HOME
port=%d
[http]
enabled=false
[httpproxy]
enabled=false
[socksproxy]
enabled=false
[i2cp]
enabled=true
address=HOME
port=%d
[bob]
enabled=false
[upnp]
enabled=false
[nettime]
enabled=false
[addressbook]
subscriptions=
[persist]
profiles=false
[exploratory]
inbound.length=0
inbound.quantity=3
outbound.length=0
outbound.quantity=3
[shareddest]
inbound.length=0
inbound.quantity=1
outbound.length=0
outbound.quantity=1
[reseed]
verify=false
zipfile=ZIP
urls=
yggurls=
`
