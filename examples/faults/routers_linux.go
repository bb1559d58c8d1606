package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"slices"
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

var hosts = []int{0, 1, 2}

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
	m := &machines{network: inside, report: r, i2cp: s.i2cp}
	nw := &network{
		dial: inside.DialContext, heal: m.heal, crashed: m.crashed, close: inside.Close, faults: m.faults(),
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
	i2cp    bool
	mute    [all]int  // how often in a row a router did not answer
	down    [all]bool // whether it was killed or failed by itself, ever
}

func (m *machines) faults() []fault {
	return []fault{
		{"router killed", 1, m.kill},
		{"router frozen", 2, m.freeze},
		{"link between routers slow, lossy or cut", 3, m.worsen},
	}
}

// heal starts what has crashed by itself, and what hangs: a thread of i2pd can wait for ever for a lock that it has.
func (m *machines) heal(ctx context.Context) (failed []int, err error) {
	for i := range m.network.Len() {
		how := "router hung by itself"
		if !m.network.Running(i) {
			how = "router crashed by itself"
		} else if !m.hangs(ctx, i) {
			continue
		}
		m.report.broke(how)
		m.report.log.Info(how, "router", i)
		m.down[i] = true
		if i < plain {
			failed = append(failed, i)
		} else {
			failed = append(failed, hosts...) // all need it
		}
		if ctx.Err() == nil {
			err = errors.Join(err, m.network.Restart(ctx, i))
		}
	}
	return failed, err
}

// crashed reports whether a router that a host needs has ever been down.
func (m *machines) crashed(host int) bool {
	return m.down[host] || slices.Contains(m.down[plain:], true)
}

// hangs reports whether a router did not answer three times in a row, for 10 s each.
func (m *machines) hangs(ctx context.Context, i int) bool {
	const patience, tries = 10 * time.Second, 3
	bounded, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	address, hello := m.network.SAM(i), "HELLO VERSION MIN=3.1 MAX=3.3\n"
	if m.i2cp {
		address, hello = m.network.I2CP(i), "\x2a\x00\x00\x00\x07\x20\x060.9.67" // GetDate
	}
	conn, err := m.network.DialContext(bounded, "tcp", address)
	if err == nil {
		defer conn.Close()
		conn.SetDeadline(time.Now().Add(patience))
		conn.Write([]byte(hello))
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
		m.down[i] = true
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
