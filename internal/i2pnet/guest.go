package i2pnet

import (
	"context"
	"fmt"
	"path/filepath"
)

// Guest returns the settings with which an i2pd that somebody else starts inside the namespace joins
// the network, to stand at the head of its configuration file. One guest can be there at a time.
func (n *Network) Guest(ctx context.Context) (string, error) {
	n.mu.Lock()
	defer n.mu.Unlock()
	infos, err := n.infos()
	if err != nil {
		return "", err
	}
	n.guests++
	address, err := peerAddress(len(n.routers), n.guests)
	if err != nil {
		return "", err
	}
	if err := n.ns.addAddress(ctx, address); err != nil {
		return "", err
	}
	reseed := filepath.Join(n.dir, fmt.Sprintf("guest-%d.zip", n.guests))
	if err := writeReseed(reseed, infos); err != nil {
		return "", err
	}
	return fmt.Sprintf(guest, address, address, peerPort, peerPort, reseed), nil
}

const guest = `ipv4=true
ipv6=false
nat=false
host=%s
address4=%s
port=%d
netid=88
reservedrange=false
bandwidth=X
ntcp2.enabled=true
ntcp2.published=true
ntcp2.port=%d
ssu2.enabled=false
addressbook.subscriptions=
persist.profiles=false
exploratory.inbound.length=0
exploratory.outbound.length=0
shareddest.inbound.length=0
shareddest.outbound.length=0
reseed.urls=
reseed.yggurls=
reseed.zipfile=%s
`
