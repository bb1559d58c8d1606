package audit

import (
	"net"
	"net/netip"
	"os"
	"os/user"
	"slices"
	"strings"
	"time"
)

// Machine is what identifies this machine and its user.
type Machine struct {
	Addrs    []netip.Addr       // its addresses, also the one that its router has outside
	Hardware []net.HardwareAddr // of its network cards
	Hosts    []string           // what it is called, with and without domain
	Users    []string           // login and full names
	Zones    []string           // of time, such as "Europe/Paris"
}

// commonHosts and commonUsers are names that many machines and users have, and that stand in much text.
var (
	commonHosts = []string{"localhost", "debian", "ubuntu", "fedora", "arch", "linux", "localdomain", "raspberrypi", "desktop", "laptop", "server", "host", "home", "kali", "http", "https", "www", "mail", "web", "dev", "mac", "alpine", "archlinux", "linuxmint", "text", "html", "keep", "close"}
	commonUsers = []string{"root", "user", "admin", "debian", "ubuntu", "i2p", "i2pd", "i2psvc", "nobody", "guest", "test", "daemon", "www-data", "administrator", "max", "jan", "may", "mark", "will", "dev", "git", "www", "web", "mail", "http", "ftp", "ssh", "index", "data", "app", "name", "vagrant", "docker", "ec2-user", "pi", "owner"}
)

// ThisMachine returns what the system reports without asking others: addresses and hardware addresses of the network
// interfaces, host name, user and time zone. Common names are omitted, and unavailable values are empty.
func ThisMachine() Machine {
	var m Machine
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		if prefix, err := netip.ParsePrefix(a.String()); err == nil && !prefix.Addr().IsLoopback() {
			m.Addrs = append(m.Addrs, prefix.Addr().Unmap().WithZone(""))
		}
	}
	cards, _ := net.Interfaces()
	for _, c := range cards {
		if len(c.HardwareAddr) == 6 && strings.Trim(c.HardwareAddr.String(), "0:") != "" {
			m.Hardware = append(m.Hardware, c.HardwareAddr)
		}
	}
	if name, err := os.Hostname(); err == nil {
		short, _, _ := strings.Cut(name, ".")
		m.Hosts = telltale(commonHosts, name, short)
	}
	if u, err := user.Current(); err == nil {
		m.Users = telltale(commonUsers, u.Username[strings.LastIndexByte(u.Username, '\\')+1:], u.Name)
	}
	m.Zones = telltale(nil, zoneName())
	return m
}

// telltale returns those names that are long and rare enough to tell something.
func telltale(common []string, names ...string) (rare []string) {
	for _, n := range names {
		if n = strings.ToLower(n); len(n) > 2 && !slices.Contains(common, n) && !slices.Contains(rare, n) {
			rare = append(rare, n)
		}
	}
	return rare
}

// zoneName returns the name of the local time zone, empty if it is not known or is one of UTC's names.
func zoneName() string {
	name := time.Local.String()
	if target, err := os.Readlink("/etc/localtime"); err == nil && name == "Local" {
		_, name, _ = strings.Cut(target, "zoneinfo/")
	}
	if !strings.Contains(name, "/") || strings.HasPrefix(name, "Etc/") {
		return ""
	}
	return name
}
