package i2pd

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// settings is the configuration of a router that offers nothing but SAM, and I2CP where it is wanted.
const settings = `# Written at each start.
log = stdout
loglevel = warn
daemon = false
service = false
[sam]
enabled = true
address = 127.0.0.1
port = %d
[http]
enabled = false
[httpproxy]
enabled = false
[socksproxy]
enabled = false
%s[bob]
enabled = false
[i2pcontrol]
enabled = false
[upnp]
enabled = false
[nettime]
enabled = false
`

const configFile = "i2pd.conf"

const (
	i2cpOff = "[i2cp]\nenabled = false\n"
	i2cpOn  = "[i2cp]\nenabled = true\naddress = 127.0.0.1\nport = %d\n"
)

// configuration is what a start writes for the ports of SAM and I2CP, which is 0 if it is not wanted. Datagrams of SAM have the
// port below its own.
func configuration(port, i2cp int, verify bool) string {
	second := i2cpOff
	if i2cp != 0 {
		second = fmt.Sprintf(i2cpOn, i2cp)
	}
	text := fmt.Sprintf(settings, port, second)
	if verify {
		text += "[reseed]\nverify = true\n"
	}
	return text
}

// packaged is where packages of i2pd put the certificates that sign its first list of peers.
var packaged = []string{"/usr/share/i2pd/certificates", "/var/lib/i2pd/certificates"}

// certificates returns the folder of certificates, or "". With one, signatures are checked, which
// i2pd does not do by default.
func certificates(dir string) string {
	for _, folder := range append([]string{filepath.Join(dir, "certificates")}, packaged...) {
		if fi, err := os.Stat(filepath.Join(folder, "reseed")); err == nil && fi.IsDir() {
			return folder
		}
	}
	return ""
}

const dataDir = "--datadir="

// arguments returns the command line. What is on it overrides the configuration.
func arguments(dir, certificates string, extra []string) []string {
	args := []string{dataDir + dir, "--conf=" + filepath.Join(dir, configFile)}
	if certificates != "" && !slices.ContainsFunc(extra, func(a string) bool { return strings.HasPrefix(a, "--certsdir=") }) {
		args = append(args, "--certsdir="+certificates)
	}
	return append(args, extra...)
}

var argument = regexp.MustCompile(`^--([a-z][a-z0-9_-]*)((?:\.[A-Za-z0-9._-]+)?)=[^\x00-\x1f\x7f]*$`)

// reserved are the settings, and the groups of settings, that would open a service, ask the Internet for the time, put
// files elsewhere or let the child escape.
var reserved = []string{
	"bob", "conf", "daemon", "datadir", "http", "httpproxy", "i2cp", "i2pcontrol", "log", "logfile", "nettime", "pidfile", "sam",
	"service", "socksproxy", "svcctl", "tunconf", "tunnelsdir", "unix", "upnp", "websockets",
}

// checkArguments refuses what is not "--name=value", or is the package's own to say.
func checkArguments(args []string) error {
	for _, a := range args {
		m := argument.FindStringSubmatch(a)
		if m == nil {
			return fmt.Errorf("%w: %q is not --name=value", ErrArgument, a)
		}
		if slices.Contains(reserved, m[1]) {
			return fmt.Errorf("%w: --%s%s", ErrArgument, m[1], m[2])
		}
	}
	return nil
}
