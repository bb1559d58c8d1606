package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"time"

	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// openMemory opens a network in the process, of routers of several ways.
func openMemory(_ context.Context, s settings, _ *report) (*network, error) {
	inside := samtest.NewNetwork()
	m := &memory{}
	nw := &network{
		dial: new(net.Dialer).DialContext, heal: m.heal, calm: time.Second / 2,
		close: func() error { inside.Close(); return nil },
	}
	kinds := []samtest.Router{samtest.Instant, samtest.Java, samtest.I2PD256, samtest.I2PD259}
	if s.quick {
		kinds = kinds[:2] // i2pd takes seconds to forget a session
	}
	for _, kind := range kinds {
		b := inside.Start(&samtest.Bridge{Router: kind, BuildTime: buildTime[kind]})
		m.bridges = append(m.bridges, b)
		nw.bridges = append(nw.bridges, b.Addr())
	}
	nw.faults = []fault{
		{"router killed", 4, m.kill},
		{"port taken over", 1, m.steal},
		{"router frozen", 4, m.freeze},
		{"session dropped", 2, m.drop},
		{"answer late, lost, cut, garbled or refused", 8, m.spoil},
	}
	return nw, nil
}

// buildTime is short, but no less than i2pd needs: a session that it makes sooner is a dead one.
var buildTime = map[samtest.Router]time.Duration{samtest.Java: 50 * time.Millisecond, samtest.I2PD256: 1500 * time.Millisecond, samtest.I2PD259: 1500 * time.Millisecond}

type memory struct{ bridges []*samtest.Bridge }

func (m *memory) any(chance *rand.Rand) *samtest.Bridge {
	return m.bridges[chance.IntN(len(m.bridges))]
}

func (m *memory) heal(ctx context.Context) (err error) {
	for _, b := range m.bridges {
		b.ClearFaults()
		b.Thaw()
		conn, down := b.Dial(ctx)
		if down == nil {
			conn.Close()
		} else if ctx.Err() == nil {
			err = errors.Join(err, b.Restart())
		}
	}
	return err
}

func (m *memory) kill(ctx context.Context, chance *rand.Rand) (func(context.Context) error, error) {
	b, down := m.any(chance), between(chance, 0, 3*time.Second)
	b.Kill()
	return func(ctx context.Context) error {
		sleep(ctx, down)
		return b.Restart()
	}, nil
}

// steal lets another program have the router's port, one that answers HELLO and nothing else.
func (m *memory) steal(ctx context.Context, chance *rand.Rand) (func(context.Context) error, error) {
	b, down := m.any(chance), between(chance, 0, 3*time.Second)
	b.Kill()
	thief := &samtest.Thief{Addr: b.Addr()}
	if err := thief.Start(); err != nil {
		return nil, err
	}
	return func(ctx context.Context) error {
		sleep(ctx, down)
		return errors.Join(thief.Close(), b.Restart())
	}, nil
}

func (m *memory) freeze(ctx context.Context, chance *rand.Rand) (func(context.Context) error, error) {
	b, down := m.any(chance), between(chance, 0, 5*time.Second)
	b.Freeze()
	return func(ctx context.Context) error {
		sleep(ctx, down)
		b.Thaw()
		return nil
	}, nil
}

func (m *memory) drop(ctx context.Context, chance *rand.Rand) (func(context.Context) error, error) {
	b, n, silently := m.any(chance), chance.IntN(1<<16), chance.IntN(2) == 0
	all := b.Sessions()
	if len(all) == 0 {
		return nil, errors.New("no session to drop")
	}
	id := all[n%len(all)].ID
	if silently {
		b.DropSession(id)
	} else {
		b.CloseSession(id)
	}
	return nothing, nil
}

// spoil gives wrong answers to some commands. It leaves SESSION CREATE an answer of some kind, which is waited for as long
// as tunnels may take.
func (m *memory) spoil(ctx context.Context, chance *rand.Rand) (func(context.Context) error, error) {
	commands := []string{"HELLO", "NAMING LOOKUP", "STREAM CONNECT", "STREAM ACCEPT", "SESSION CREATE"}
	results := []string{"I2P_ERROR", "CANT_REACH_PEER", "INVALID_ID", "INVALID_KEY", "PEER_NOT_FOUND", "TIMEOUT", "DUPLICATED_DEST", "NONSENSE"}
	n := chance.IntN(len(commands))
	f := samtest.Fault{On: commands[n], Times: 1 + chance.IntN(5)}
	answered := 6 // kinds of faults after which something comes, or the connection ends
	late, at := between(chance, 0, 3*time.Second), chance.IntN(40)
	switch kind := chance.IntN(answered + 2); {
	case kind == 0:
		f.Delay = late
	case kind == 1:
		f.Late = late
	case kind == 2:
		f.Result, f.Message = results[at%len(results)], "as ordered"
	case kind == 3:
		f.Split = 1 + at%5
	case kind == 4:
		f.CloseAfter, f.Reset = []int{samtest.BeforeReply, samtest.MidLine, samtest.AfterReply, 1 + at}[at%4], at%2 == 0
	case kind == 5 || n == len(commands)-1:
		f.Raw = append(garbage(at, chance), 0x0a)
	case kind == 6:
		f.CloseAfter, f.Stall = samtest.MidLine, true
	default:
		f.Deaf = true
	}
	m.any(chance).Inject(f)
	return nothing, nil
}

func garbage(n int, chance *rand.Rand) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(chance.Uint32())
	}
	return b
}
