// Package i2pd runs a private router: an i2pd as a child process that offers SAM, and I2CP on request, on loopback
// ports and ends with the program.
//
//	r := &i2pd.Router{Dir: filepath.Join(stateDir, "i2pd")}
//	defer r.Close()
//	address, err := r.Address(ctx)                  // starts it
//	ep := &i2psocks.Endpoint{SAM: address}
//
// i2pd must be installed: nothing is downloaded. Its only services are SAM and, with [Router.DialI2CP] or
// [Router.I2CP], I2CP. The web console, the HTTP and SOCKS proxies, BOB, I2PControl, UPnP and NTP are disabled, and
// [Router.Args] cannot enable them. i2pd still acts as a router: it fetches its first peers from reseed servers over
// HTTPS, connects to other routers over the Internet, and forwards their traffic. Observers of the network can see
// that it runs. A new router needs minutes to become fast, so keep its Dir.
//
// # How it ends
//
// Close asks the child to end, and kills it if it does not. On Linux the kernel kills it when the program ends in any
// other way: a panic, SIGKILL, the out-of-memory killer. On other systems the child survives a program that dies
// without Close. It keeps the lock of its Dir, so that the next Router on it fails with [ErrInUse] (not on Windows).
//
// With [Router.Stay], on Linux, it continues to run, and the next Router on its Dir takes it over with its tunnels.
// The process is identified by the kernel, as the one that holds the lock and the port. A service manager that kills
// all processes of a service, as systemd does without KillMode=process, ends it anyway. [Router.Stop] ends it.
//
// # What it refuses to do
//
// It does not use a directory that other users can read or own, or that another Router holds. Of the environment,
// only PATH is passed to the child: variables such as http_proxy and LD_PRELOAD are not. Its log records contain no
// names and no destinations.
//
// SAM and I2CP of i2pd have no password: every user of the machine can use the ports and, while the child is down,
// could take them over. On Linux a start is reported only when the ports belong to the child, each later check
// requires a process of the same user, and [Router.DialSAM] and DialI2CP verify the owner of the other end of their
// connections. Programs that connect to the address themselves do not. If local users are not trusted, run the
// program in a network namespace or a container.
package i2pd
