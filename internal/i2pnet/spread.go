package i2pnet

import (
	"context"
	"fmt"
)

// spread gives each router a namespace of its own, from which a link leads to each other one, and to
// the network's namespace for guests.
func (n *Network) spread(ctx context.Context, c Config) error {
	n.fabric = newFabric(len(n.routers)+1, c.Links, c.Seed)
	if err := n.connect(ctx, len(n.routers), n.ns); err != nil {
		return err
	}
	for i, r := range n.routers {
		own, err := newNamespace(ctx, c.TCP)
		if err != nil {
			return err
		}
		r.ns, r.home = own, wireAddress(i)
		if err := n.connect(ctx, i, own); err != nil {
			return err
		}
		if err := n.ns.join(ctx, homeAddress(i), own, wireAddress(i), fmt.Sprintf("router%d", i)); err != nil {
			return err
		}
	}
	return nil
}

// connect joins a namespace to the fabric as router i.
func (n *Network) connect(ctx context.Context, i int, ns *namespace) error {
	device, err := ns.openDevice(ctx)
	if err != nil {
		return err
	}
	return n.fabric.attach(i, device)
}

// SetLink changes what the way from one router to another is like, in this direction. It panics
// without Config.Links.
func (n *Network) SetLink(from, to int, l Link) { n.fabric.set(from, to, l) }

// Traffic returns what has come to a link since the start. It panics without Config.Links.
func (n *Network) Traffic(from, to int) Traffic { return n.fabric.traffic(from, to) }
