// Package i2pd gives a program a router of its own: an i2pd that runs as a child process, offers SAM on a
// loopback port to this machine, and I2CP if it is asked for, and ends with the program.
//
//	r := &i2pd.Router{Dir: filepath.Join(stateDir, "i2pd")}
//	defer r.Close()
//	address, err := r.Address(ctx)                  // starts it
//	ep := &i2psocks.Endpoint{SAM: address}
//
// i2pd must be installed: nothing is downloaded. SAM is its only service, or I2CP beside it, with
// [Router.DialI2CP] or Router.I2CP. The web console, the HTTP and SOCKS proxies, BOB, I2PControl, UPnP and NTP are
// off, and Router.Args cannot switch them on. i2pd still does what a router has to do: it fetches its first peers from the
// reseed servers over HTTPS, talks to other routers over the Internet, and carries their traffic.
// That it runs is no secret. A fresh router needs minutes to become fast, so a Dir that is kept is
// worth having.
//
// # How it ends
//
// Close asks the child to end, and kills it if it does not. On Linux the kernel kills it when the
// host ends in any other way: a panic, SIGKILL, the out-of-memory killer. Elsewhere a child
// outlives a host that dies without Close; it holds the lock of its Dir, so that the next Router
// on it fails with [ErrInUse] instead of running two routers on one folder (not on Windows).
//
// With Router.Stay, on Linux, it runs on instead, and the next Router on its Dir takes it over, with the tunnels that it has.
// Which process that is, the kernel says: the one that holds the lock, and the port. A service manager that ends all that
// a service has started, as systemd does unless told KillMode=process, ends it all the same. Router.Stop ends it for good.
//
// # What it refuses to do
//
// It never runs a folder that others may read or own, or that another Router holds. Of the
// host's environment it passes on PATH alone: variables such as http_proxy and LD_PRELOAD do not reach the child. Its
// logs hold no names and no destinations.
//
// SAM and I2CP of i2pd have no password: every user of the machine can use the ports, and while the child is
// down another user could take them. On Linux a start is only reported once the ports are the child's
// own, each later sign of life must come from a process of the host's user, and [Router.DialSAM], as
// DialI2CP, looks who has the other end of its connections. What connects to the address by itself does not.
// Where local users are not trusted, run the program in a network namespace or a container.
package i2pd
