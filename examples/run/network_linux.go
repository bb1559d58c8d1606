package main

import (
	"errors"
	"fmt"
	"net"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// The addresses inside are those that QEMU and slirp give to their guests: what a program tells of them is what
// many others tell.
const (
	cardName     = "eth0"
	cardAddr     = "10.0.2.15/24"
	gatewayAddr  = "10.0.2.2"
	resolverAddr = "10.0.2.3"
	cardAddr6    = "fec0::15/64"
	gatewayAddr6 = "fec0::2"
	cardHardware = "52:54:00:12:34:56"
	mtu          = 1500
)

// link is the way for packets out of the namespace.
type link struct {
	fd       int
	hardware net.HardwareAddr // of our end of an Ethernet; nil if packets come without such headers
}

// network gives the namespace a card whose other end is the file descriptor that it returns, and all routes to it.
func network() (fd int, hardware net.HardwareAddr, err error) {
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		return -1, nil, err
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		return -1, nil, err
	}
	fd, err = tun()
	if errors.Is(err, os.ErrPermission) || errors.Is(err, os.ErrNotExist) {
		fd, hardware, err = ethernet()
	}
	if err != nil {
		return -1, nil, fmt.Errorf("network card: %w", err)
	}
	if err := configure(); err != nil {
		unix.Close(fd)
		return -1, nil, fmt.Errorf("network card: %w", err)
	}
	return fd, hardware, nil
}

// tun makes a TUN device, whose packets have no Ethernet header.
func tun() (int, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC|unix.O_NONBLOCK, 0)
	if err != nil {
		return -1, err
	}
	request, err := unix.NewIfreq(cardName)
	if err == nil {
		request.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI)
		err = unix.IoctlIfreq(fd, unix.TUNSETIFF, request)
	}
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// ethernet makes a pair of virtual cards, where TUN devices are for root alone, and returns a packet socket on the
// other one.
func ethernet() (int, net.HardwareAddr, error) {
	const peerName = "outside"
	hardware, err := net.ParseMAC(cardHardware)
	if err != nil {
		return -1, nil, err
	}
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: cardName, MTU: mtu, HardwareAddr: hardware}, PeerName: peerName}
	if err := netlink.LinkAdd(pair); err != nil {
		return -1, nil, err
	}
	peer, err := netlink.LinkByName(peerName)
	if err != nil {
		return -1, nil, err
	}
	if err := netlink.LinkSetUp(peer); err != nil {
		return -1, nil, err
	}
	protocol := uint16(unix.ETH_P_ALL)<<8 | uint16(unix.ETH_P_ALL)>>8 // in network order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, int(protocol))
	if err != nil {
		return -1, nil, err
	}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: protocol, Ifindex: peer.Attrs().Index}); err != nil {
		unix.Close(fd)
		return -1, nil, err
	}
	return fd, peer.Attrs().HardwareAddr, nil
}

// configure gives the card its addresses and all routes.
func configure() error {
	card, err := netlink.LinkByName(cardName)
	if err != nil {
		return err
	}
	if err := netlink.LinkSetUp(card); err != nil {
		return err
	}
	for _, a := range []struct{ own, gateway string }{{cardAddr, gatewayAddr}, {cardAddr6, gatewayAddr6}} {
		own, err := netlink.ParseAddr(a.own)
		if err != nil {
			return err
		}
		own.Flags = unix.IFA_F_NODAD // else IPv6 is not used at once
		if err := netlink.AddrAdd(card, own); err != nil {
			if own.IP.To4() == nil && errors.Is(err, unix.EOPNOTSUPP) || errors.Is(err, unix.EACCES) {
				continue // a system without IPv6
			}
			return err
		}
		route := &netlink.Route{LinkIndex: card.Attrs().Index, Gw: net.ParseIP(a.gateway)}
		if err := netlink.RouteAdd(route); err != nil {
			return err
		}
	}
	return nil
}
