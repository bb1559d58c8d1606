package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"time"

	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// openMemory opens a network in the process, of routers of several ways.
func openMemory(_ context.Context, s settings, _ *report) (*network, error) {
	m := &memory{}
	open := m.openSAM
	if s.i2cp {
		open = m.openI2CP
	}
	end, faults := open(s.quick)
	nw := &network{
		dial: new(net.Dialer).DialContext, heal: m.heal, crashed: func(int) bool { return false }, calm: time.Second / 2,
		close:  func() error { end(); return nil },
		faults: append(faults, fault{"router killed", 4, m.kill}, fault{"port taken over", 1, m.steal}),
	}
	for _, r := range m.routers {
		nw.doors = append(nw.doors, r.Addr())
	}
	return nw, nil
}

// kinds is how many kinds of routers there are: the first are Instant and Java.
func kinds(quick bool) int {
	if quick {
		return 2 // i2pd takes seconds to forget a session
	}
	return 4
}

// memory is the routers of a network in the process, of one door.
type memory struct{ routers []inside }

// inside is a router in the process.
type inside interface {
	Addr() string
	Dial(ctx context.Context) (net.Conn, error)
	Kill()
	Restart() error
	ClearFaults()
}

func (m *memory) heal(ctx context.Context) (failed []int, err error) {
	for _, r := range m.routers {
		r.ClearFaults()
		switch r := r.(type) {
		case *samtest.Bridge:
			r.Thaw()
		case linked:
			r.calm()
		}
		conn, down := r.Dial(ctx)
		if down == nil {
			conn.Close()
		} else if ctx.Err() == nil {
			err = errors.Join(err, r.Restart())
		}
	}
	return nil, err
}

// any draws a router.
func (m *memory) any(chance *rand.Rand) int { return chance.IntN(len(m.routers)) }

func (m *memory) kill(chance *rand.Rand) drawn {
	i, down := m.any(chance), between(chance, 0, 3*time.Second)
	return drawn{detail: fmt.Sprintf("router %d, %v", i, down), begin: func(context.Context) (func(context.Context) error, error) {
		m.routers[i].Kill()
		return func(ctx context.Context) error {
			sleep(ctx, down)
			return m.routers[i].Restart()
		}, nil
	}}
}

// steal lets another program have the router's port, one that answers HELLO and nothing else.
func (m *memory) steal(chance *rand.Rand) drawn {
	i, down := m.any(chance), between(chance, 0, 3*time.Second)
	return drawn{detail: fmt.Sprintf("router %d, %v", i, down), begin: func(context.Context) (func(context.Context) error, error) {
		m.routers[i].Kill()
		thief := &samtest.Thief{Addr: m.routers[i].Addr()}
		if err := thief.Start(); err != nil {
			return nil, err
		}
		return func(ctx context.Context) error {
			sleep(ctx, down)
			return errors.Join(thief.Close(), m.routers[i].Restart())
		}, nil
	}}
}

func garbage(n int, chance *rand.Rand) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(chance.Uint32())
	}
	return b
}
