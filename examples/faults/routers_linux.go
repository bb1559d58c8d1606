package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"syscall"
	"time"

	"github.com/go-i2p/i2psocks/internal/i2pnet"
)

// openRouters opens a private network of i2pd, with a host on each plain router.
func openRouters(ctx context.Context, s settings, r *report) (*network, error) {
	const plain = 3
	inside, err := i2pnet.Start(ctx, i2pnet.Config{Routers: plain, I2PD: s.i2pd})
	if err != nil {
		return nil, err
	}
	m := &machines{network: inside, report: r}
	nw := &network{dial: inside.DialContext, heal: m.heal, close: inside.Close, direct: true, calm: 20 * time.Second}
	for i := range plain {
		nw.bridges = append(nw.bridges, inside.SAM(i))
	}
	nw.faults = []fault{
		{"router killed", 1, m.kill},
		{"router frozen", 2, m.freeze},
	}
	return nw, nil
}

// machines are real routers.
type machines struct {
	network *i2pnet.Network
	report  *report
}

// heal also starts what has crashed by itself.
func (m *machines) heal(ctx context.Context) (err error) {
	for i := range m.network.Len() {
		if !m.network.Running(i) {
			m.report.broke("router crashed by itself")
			err = errors.Join(err, m.network.Restart(ctx, i))
		}
	}
	return err
}

func (m *machines) any(chance *rand.Rand) int { return chance.IntN(m.network.Len() - 1) } // not the floodfill

func (m *machines) kill(_ context.Context, chance *rand.Rand) (func(context.Context) error, error) {
	i, down := m.any(chance), between(chance, 0, 10*time.Second)
	m.network.Kill(i)
	return func(ctx context.Context) error {
		sleep(ctx, down)
		return m.network.Restart(ctx, i)
	}, nil
}

func (m *machines) freeze(_ context.Context, chance *rand.Rand) (func(context.Context) error, error) {
	i, down := m.any(chance), between(chance, 0, 30*time.Second)
	thaw := func(ctx context.Context) error {
		sleep(ctx, down)
		if err := m.network.Signal(i, syscall.SIGCONT); !errors.Is(err, os.ErrProcessDone) {
			return err
		}
		return nil // another fault has killed it
	}
	return thaw, m.network.Signal(i, syscall.SIGSTOP)
}
