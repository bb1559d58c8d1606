// Package addrbook turns names under .i2p into destinations. For the present it
// reads hosts.txt, the address book that every I2P router can write; which names
// there may be is the business of the package i2phost beneath it.
//
//	f, err := os.Open("hosts.txt")
//	if err != nil {
//		return err
//	}
//	defer f.Close()
//	book, err := addrbook.ParseHosts(f)
//
// # What it refuses to do
//
// It never asks a router, a name server or a jump service. It takes no file in
// part: a line that is wrong or contradicts another fails the whole, since a
// name that leads elsewhere than before is how people get robbed. It believes
// no properties after "#!", whose signatures it does not check, and so carries
// out no command of a subscription feed.
package addrbook
