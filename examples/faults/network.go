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
	heal   func(ctx context.Context) (found bool, err error) // lets everything work again, and tells whether something had failed by itself
	close  func() error
	direct bool          // tunnels have no hops
	calm   time.Duration // between storms, at most
	memory time.Duration // how long a router believes in tunnels that are gone; 0 if they are not missed, negative if nobody waits for that
}
