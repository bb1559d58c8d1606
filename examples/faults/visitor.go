package main

import (
	"context"
	"errors"
	"math/rand/v2"
	"net"
	"sync"
	"time"

	"golang.org/x/net/proxy"
)

// visitor goes to the sites of other hosts, one after another, as one identity.
type visitor struct {
	host     *host
	name     string
	dialer   proxy.ContextDialer
	patience time.Duration // with one exchange

	mu     sync.Mutex
	visits map[*host]time.Time // when the last that was whole began
}

func (v *visitor) visited(site *host, since time.Time) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.visits[site].After(since)
}

func (v *visitor) run(ctx context.Context, seed uint64) {
	chance := rand.New(rand.NewPCG(seed, 3))
	for ctx.Err() == nil {
		if chance.IntN(32) == 0 {
			v.stray(ctx, chance)
		}
		leave := -1.0
		if chance.IntN(8) == 0 {
			leave = chance.Float64()
		}
		if site := v.host.load.hosts[chance.IntN(len(v.host.load.hosts))]; site != v.host {
			v.visit(ctx, site, chance, leave)
		}
		sleep(ctx, between(chance, 0, 100*time.Millisecond))
	}
}

// visit is one exchange. leave, if not negative, is the part of what comes that the visitor waits for before it leaves.
func (v *visitor) visit(ctx context.Context, site *host, chance *rand.Rand, leave float64) {
	o := order{nonce: chance.Uint64(), up: size(chance), down: size(chance), visitor: v.name, site: site.name}
	r := v.host.load.report
	begin := time.Now()
	dialing, cancel := context.WithTimeout(ctx, v.patience)
	conn, err := v.dialer.DialContext(dialing, "tcp", site.b32+":80")
	cancel()
	if err != nil {
		r.log.Debug("not opened", "visitor", v.name, "site", site.name, "after", time.Since(begin), "err", err)
		r.went("not opened", 0)
		return
	}
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	conn.SetDeadline(time.Now().Add(v.patience))
	wanted := int64(-1)
	if leave >= 0 {
		wanted = int64(leave * float64(o.down))
	}
	read, err := ask(conn, o, wanted)
	switch {
	case errors.Is(err, errWrong):
		r.violated("%s at %s: %w", v.name, site.name, err)
	case err != nil:
		r.log.Debug("cut", "visitor", v.name, "site", site.name, "read", read, "of", o.down, "after", time.Since(begin), "err", err)
		r.went("cut short", read)
	case leave >= 0:
		r.went("left by the visitor", read)
	default:
		r.went("whole", read)
		v.succeeded(site, begin)
	}
}

// succeeded takes down a visit, and how long there was none.
func (v *visitor) succeeded(site *host, begin time.Time) {
	v.mu.Lock()
	last, ok := v.visits[site]
	v.visits[site] = begin
	v.mu.Unlock()
	if ok {
		v.host.load.report.waited(v.name, site.name, begin.Sub(last))
	}
}

// size draws a number of bytes: most are few, some are many.
func size(chance *rand.Rand) uint32 { return chance.Uint32N(1 << (1 + chance.IntN(19))) }

// stray asks for what is not in I2P, which nobody may get.
func (v *visitor) stray(ctx context.Context, chance *rand.Rand) {
	targets := []string{"example.com:80", "192.0.2.1:80", "[2001:db8::1]:80", "localhost:80", "x.i2p.example:80"}
	dialing, cancel := context.WithTimeout(ctx, v.patience)
	defer cancel()
	var conn net.Conn
	conn, err := v.dialer.DialContext(dialing, "tcp", targets[chance.IntN(len(targets))])
	if err == nil {
		conn.Close()
		v.host.load.report.violated("%s was let out of I2P", v.name)
		return
	}
	v.host.load.report.went("refused, as outside of I2P", 0)
}
