package main

import (
	"context"
	"net"
	"time"
)

// network is what hosts live on and what is broken. All routers work when it is opened.
type network struct {
	doors  []string // addresses of SAM or I2CP, one a host
	dial   func(ctx context.Context, network, address string) (net.Conn, error)
	faults []fault
	heal   func(ctx context.Context) (failed []int, err error) // lets everything work again, and names the hosts whose routers had failed by themselves
	close  func() error
	direct bool          // tunnels have no hops
	calm   time.Duration // between storms, at most

	crashed func(host int) bool // whether its router, or one that all need, was ever killed or failed by itself: i2pd may not get over that
	memory  time.Duration       // how long a router believes in tunnels that are gone; 0 if they are not missed, negative if nobody waits for that
}
