package main

import (
	"context"
	"math/rand/v2"
	"net"
	"time"
)

// network is what hosts live on and what is broken. All routers work when it is opened.
type network struct {
	bridges []string // SAM addresses, one a host
	dial    func(ctx context.Context, network, address string) (net.Conn, error)
	faults  []fault
	heal    func(ctx context.Context) error // lets everything work again, and does nothing where it does
	close   func() error
	direct  bool          // tunnels have no hops
	calm    time.Duration // between storms
}

// fault is something that breaks. begin draws all that it has to choose before it does anything, so that what follows in
// a run does not depend on how it went; end mends it.
type fault struct {
	name   string
	weight int
	begin  func(ctx context.Context, chance *rand.Rand) (end func(ctx context.Context) error, err error)
}

// choose draws a fault.
func choose(all []fault, chance *rand.Rand) fault {
	sum := 0
	for _, f := range all {
		sum += f.weight
	}
	n := chance.IntN(sum)
	for _, f := range all {
		if n -= f.weight; n < 0 {
			return f
		}
	}
	panic("unreachable")
}

// between draws a time.
func between(chance *rand.Rand, least, most time.Duration) time.Duration {
	return least + time.Duration(chance.Int64N(int64(most-least)+1))
}

func nothing(context.Context) error { return nil }
