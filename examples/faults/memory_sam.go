package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-i2p/i2psocks/dialer/samtest"
)

func (m *memory) openSAM(quick bool) (end func(), faults []fault) {
	nw := samtest.NewNetwork()
	for _, kind := range []samtest.Router{samtest.Instant, samtest.Java, samtest.I2PD256, samtest.I2PD259}[:kinds(quick)] {
		m.routers = append(m.routers, nw.Start(&samtest.Bridge{Router: kind, BuildTime: buildTime[kind]}))
	}
	return nw.Close, []fault{
		{"router frozen", 4, m.freeze},
		{"session dropped", 2, m.drop},
		{"answer late, lost, cut, garbled or refused", 8, m.spoil},
	}
}

// buildTime is short, but no less than i2pd needs: a session that it makes sooner is a dead one.
var buildTime = map[samtest.Router]time.Duration{samtest.Java: 50 * time.Millisecond, samtest.I2PD256: 1500 * time.Millisecond, samtest.I2PD259: 1500 * time.Millisecond}

func (m *memory) bridge(i int) *samtest.Bridge { return m.routers[i].(*samtest.Bridge) }

func (m *memory) freeze(chance *rand.Rand) drawn {
	i, down := m.any(chance), between(chance, 0, 5*time.Second)
	return drawn{detail: fmt.Sprintf("router %d, %v", i, down), begin: func(context.Context) (func(context.Context) error, error) {
		m.bridge(i).Freeze()
		return func(ctx context.Context) error {
			sleep(ctx, down)
			m.bridge(i).Thaw()
			return nil
		}, nil
	}}
}

func (m *memory) drop(chance *rand.Rand) drawn {
	i, n, silently := m.any(chance), chance.IntN(1<<16), chance.IntN(2) == 0
	return drawn{detail: fmt.Sprintf("router %d, session %d, silently: %t", i, n, silently), begin: func(context.Context) (func(context.Context) error, error) {
		b := m.bridge(i)
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
	}}
}

// spoil gives wrong answers to some commands. It leaves SESSION CREATE an answer of some kind, which is waited for as long
// as tunnels may take.
func (m *memory) spoil(chance *rand.Rand) drawn {
	commands := []string{"HELLO", "NAMING LOOKUP", "STREAM CONNECT", "STREAM ACCEPT", "SESSION CREATE"}
	results := []string{"I2P_ERROR", "CANT_REACH_PEER", "INVALID_ID", "INVALID_KEY", "PEER_NOT_FOUND", "TIMEOUT", "DUPLICATED_DEST", "NONSENSE"}
	i, n := m.any(chance), chance.IntN(len(commands))
	f := samtest.Fault{On: commands[n], Times: 1 + chance.IntN(5)}
	const answered = 6 // kinds of faults after which something comes, or the connection ends
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
	return drawn{detail: fmt.Sprintf("router %d, %+v", i, f), begin: func(context.Context) (func(context.Context) error, error) {
		m.bridge(i).Inject(f)
		return nothing, nil
	}}
}
