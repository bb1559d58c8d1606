package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

// plain is how many routers are no floodfills. Each has a host. With a single floodfill i2pd would look for others for
// minutes, once a link to it was bad.
const (
	plain      = 3
	floodfills = 2
	all        = plain + floodfills
)

// openRouters opens a private network of i2pd, with a host on each plain router.
func openRouters(ctx context.Context, s settings, r *report) (*network, error) {
	config := i2pnet.Config{
		Routers: plain, Floodfills: floodfills, I2PD: s.i2pd, Seed: s.seed, Output: &routerLog{log: r.log},
		Links: func(int, int) i2pnet.Link { return fine },
	}
	inside, err := i2pnet.Start(ctx, config)
	if err != nil {
		return nil, err
	}
	m := &machines{network: inside, report: r}
	nw := &network{
		dial: inside.DialContext, heal: m.heal, close: inside.Close, faults: m.faults(),
		direct: true, calm: 20 * time.Second, memory: s.memory,
	}
	for i := range plain {
		if s.i2cp {
			nw.doors = append(nw.doors, inside.I2CP(i))
		} else {
			nw.doors = append(nw.doors, inside.SAM(i))
		}
	}
	return nw, nil
}

// machines are real routers.
type machines struct {
	network *i2pnet.Network
	report  *report
	mute    [all]int // how often in a row a router did not answer
}

func (m *machines) faults() []fault {
	return []fault{
		{"router killed", 1, m.kill},
		{"router frozen", 2, m.freeze},
		{"link between routers slow, lossy or cut", 3, m.worsen},
	}
}

// heal starts what has crashed by itself, and what hangs: a thread of i2pd can wait for ever for a lock that it has.
func (m *machines) heal(ctx context.Context) (found bool, err error) {
	for i := range m.network.Len() {
		switch {
		case !m.network.Running(i):
			m.report.broke("router crashed by itself")
		case m.hangs(ctx, i):
			m.report.broke("router hung by itself")
		default:
			continue
		}
		found = true
		if ctx.Err() == nil {
			err = errors.Join(err, m.network.Restart(ctx, i))
		}
	}
	return found, err
}

// hangs reports whether a router did not answer three times in a row, for 10 s each.
func (m *machines) hangs(ctx context.Context, i int) bool {
	const patience, tries = 10 * time.Second, 3
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	conn, err := m.network.DialContext(bounded, "tcp", m.network.SAM(i))
	if err == nil {
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		conn.Write([]byte("HELLO VERSION MIN=3.1 MAX=3.3\n"))
		_, err = conn.Read(make([]byte, 1))
	}
	if err == nil || ctx.Err() != nil {
		m.mute[i] = 0
		return false
	}
	m.mute[i]++
	return m.mute[i]%tries == 0
}

func (m *machines) kill(chance *rand.Rand) drawn {
	i, down := chance.IntN(plain), between(chance, 0, 10*time.Second)
	return drawn{detail: fmt.Sprintf("router %d, %v", i, down), begin: func(context.Context) (func(context.Context) error, error) {
		m.network.Kill(i)
		return func(ctx context.Context) error {
			sleep(ctx, down)
			return m.network.Restart(ctx, i)
		}, nil
	}}
}

func (m *machines) freeze(chance *rand.Rand) drawn {
	i, down := chance.IntN(plain), between(chance, 0, 30*time.Second)
	thaw := func(ctx context.Context) error {
		sleep(ctx, down)
		if err := m.network.Signal(i, syscall.SIGCONT); !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		return nil // another fault has killed it
	}
	return drawn{detail: fmt.Sprintf("router %d, %v", i, down), begin: func(context.Context) (func(context.Context) error, error) {
		return thaw, m.network.Signal(i, syscall.SIGSTOP)
	}}
}

var fine = i2pnet.Link{Delay: 5 * time.Millisecond}

// worsen makes the way between two routers bad, in one direction or both. Bytes that change on it are lost packets to the
// kernel, whose TCP has checksums.
func (m *machines) worsen(chance *rand.Rand) drawn {
	one, down := chance.IntN(plain), between(chance, 0, 30*time.Second)
	other := (one + 1 + chance.IntN(all-1)) % all
	both := chance.IntN(2) == 0
	bad := i2pnet.Link{Delay: between(chance, 0, time.Second), Jitter: between(chance, 0, time.Second)}
	switch chance.IntN(4) {
	case 0:
		bad.Loss = chance.Float64() / 3
	case 1:
		bad.Loss = 1
	case 2:
		bad.Rate = 1 << (10 + chance.IntN(8))
	}
	set := func(l i2pnet.Link) {
		m.network.SetLink(one, other, l)
		if both {
			m.network.SetLink(other, one, l)
		}
	}
	return drawn{detail: fmt.Sprintf("router %d to %d, both ways: %t, %v, %+v", one, other, both, down, bad), begin: func(context.Context) (func(context.Context) error, error) {
		set(bad)
		return func(ctx context.Context) error {
			sleep(ctx, down)
			set(fine)
			return nil
		}, nil
	}}
}

// routerLog is what routers print.
type routerLog struct{ log *slog.Logger }

func (l *routerLog) Write(line []byte) (int, error) {
	l.log.Debug("router", "line", string(bytes.TrimSpace(line)))
	return len(line), nil
}
