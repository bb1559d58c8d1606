package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/go-i2p/i2psocks/dialer/i2cptest"
)

func (m *memory) openI2CP(quick bool) (end func(), faults []fault) {
	nw := i2cptest.NewNetwork()
	for _, kind := range []i2cptest.Kind{i2cptest.Instant, i2cptest.Java, i2cptest.I2PD256, i2cptest.I2PD259}[:kinds(quick)] {
		r := &i2cptest.Router{Kind: kind, Link: usual}
		if kind != i2cptest.Instant {
			r.BuildTime = 50 * time.Millisecond
		}
		m.routers = append(m.routers, linked{nw.Start(r)})
	}
	return nw.Close, []fault{
		{"sessions dropped", 2, m.dropAll},
		{"way slow, lossy, out of order or cut", 4, m.worsen},
		{"answer late, lost, garbled or refused", 8, m.spoilI2CP},
	}
}

// linked is a router whose messages go a way that can be worse.
type linked struct{ *i2cptest.Router }

var usual = i2cptest.Link{Delay: time.Millisecond}

func (l linked) calm() { l.SetLink(usual) }

func (m *memory) linked(i int) linked { return m.routers[i].(linked) }

func (m *memory) dropAll(chance *rand.Rand) drawn {
	i := m.any(chance)
	return drawn{detail: fmt.Sprintf("router %d", i), begin: func(context.Context) (func(context.Context) error, error) {
		m.linked(i).DropSessions()
		return nothing, nil
	}}
}

// worsen makes the way from a router bad.
func (m *memory) worsen(chance *rand.Rand) drawn {
	i, down := m.any(chance), between(chance, 0, 5*time.Second)
	to := i2cptest.Link{Delay: between(chance, 0, time.Second), Jitter: between(chance, 0, time.Second)}
	switch chance.IntN(4) {
	case 0:
		to.Loss = chance.Float64() / 2
	case 1:
		to.Loss = 1
	case 2:
		to.Reorder, to.Duplicate = chance.Float64(), chance.Float64()/2
	}
	return drawn{detail: fmt.Sprintf("router %d, %v, %+v", i, down, to), begin: func(context.Context) (func(context.Context) error, error) {
		m.linked(i).SetLink(to)
		return func(ctx context.Context) error {
			sleep(ctx, down)
			m.linked(i).calm()
			return nil
		}, nil
	}}
}

// spoilI2CP gives wrong answers to some messages.
func (m *memory) spoilI2CP(chance *rand.Rand) drawn {
	messages := []string{"GetDate", "CreateSession", "HostLookup", "CreateLeaseSet2", "MessagePayload"}
	i, n := m.any(chance), chance.IntN(len(messages))
	f := i2cptest.Fault{On: messages[n], Times: 1 + chance.IntN(5)}
	late, at := between(chance, 0, 3*time.Second), 1+chance.IntN(40)
	switch kind := chance.IntN(6); {
	case kind == 0:
		f.Delay = late
	case kind == 1 && n < 3:
		f.Status = uint8(at)
	case kind == 2:
		f.Raw = garbage(at, chance)
	case kind == 3:
		f.Disconnect = "as ordered"
	case kind == 4 && n >= 2:
		f.Ignore = true
	default:
		f.Close = true
	}
	return drawn{detail: fmt.Sprintf("router %d, %+v", i, f), begin: func(context.Context) (func(context.Context) error, error) {
		m.linked(i).Inject(f)
		return nothing, nil
	}}
}
