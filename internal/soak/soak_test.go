package soak_test

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"hash/maphash"
	"io"
	"math/rand/v2"
	"net"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/proxy"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/i2cp"
	"github.com/go-i2p/i2psocks/internal/memnet"
	"github.com/go-i2p/i2psocks/socks"
)

var soakDays = flag.Int("soak.days", 0, "`days` that each part of TestSoak takes, in fake time; 0 is 4 over SAM and 1 over I2CP, which computes more")

// TestSoak lives for days with visitors of all kinds, and with routers that are killed, restarted and frozen: what the
// process holds at the end is what it held after the first quarter. By .ci/soak the time of day is set now and then, too.
func TestSoak(t *testing.T) {
	for door, days := range map[string]int{"SAM": 4, "I2CP": 1} {
		t.Run(door, func(t *testing.T) { soakThrough(t, door, cmp.Or(*soakDays, days)) })
	}
}

func soakThrough(t *testing.T, door string, days int) {
	synctest.Test(t, func(t *testing.T) {
		s := newSoak(t, door, days)
		defer s.settle(0)
		hours := days * 24
		var early held
		for hour := range hours {
			if hour == hours/4 {
				early = s.rest()
			}
			s.hour()
		}
		late := s.rest()
		t.Logf("%d visits by %d identities, %d failed; %d router failures, the clock was set %d times; after a quarter: %v; after %d days: %v",
			s.visits, len(s.owners), s.failed, s.accidents, s.jumps, early, days, late)
		assert.Empty(t, s.violations())
		assert.Greater(t, s.visits, 10*hours)
		assert.Less(t, s.failed, s.visits/5)
		assert.LessOrEqual(t, late.goroutines, early.goroutines)
		assert.LessOrEqual(t, late.descriptors, early.descriptors)
		assert.Equal(t, early.files, late.files)
		remembered := uint64(100 * len(s.owners)) // the network in the process remembers each ID of a session
		assert.LessOrEqual(t, late.heap, early.heap+early.heap/4+1<<20+remembered)
	})
}

// users is how many there are: more than the visitor may have identities.
const users = 40

// soak is a site and a visitor, on a router each.
type soak struct {
	t       *testing.T
	chance  *rand.Rand
	routers []soakRouter
	site    *i2psocks.Endpoint
	visitor *i2psocks.Endpoint
	port    *memnet.Listener // SOCKS
	secret  string
	dir     string

	hash             maphash.Seed
	owners           map[uint64]int // users by identity; it is made large enough at the start
	peers            chan net.Addr
	visits, failed   int
	accidents, jumps int
	offset           time.Duration // of the time of day
	violations       func() []string
}

func newSoak(t *testing.T, door string, days int) *soak {
	s := &soak{
		t: t, chance: rand.New(rand.NewPCG(1, 2)), dir: t.TempDir(), port: memnet.Listen(), peers: make(chan net.Addr, 1),
		hash: maphash.MakeSeed(), owners: make(map[uint64]int, days*24*20),
	}
	s.openRouters(door)
	s.site, s.visitor = s.endpoint(door, 0), s.endpoint(door, 1)
	ln, err := s.site.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go s.answer(conn)
		}
	}()
	px, err := s.visitor.ServeSOCKS(t.Context(), s.port)
	require.NoError(t, err)
	s.secret, _ = px.URL().User.Password()
	require.NoError(t, s.visitor.Up(t.Context()))
	return s
}

// endpoint opens one on a router.
func (s *soak) endpoint(door string, router int) *i2psocks.Endpoint {
	r := s.routers[router]
	ep := &i2psocks.Endpoint{
		Dir: filepath.Join(s.dir, fmt.Sprint(router)), AwaitRouter: true, AllowRemote: true,
		DialBridge: func(ctx context.Context, _, _ string) (net.Conn, error) { return r.Dial(ctx) },
	}
	if door == "I2CP" {
		ep.I2CP = i2cp.DefaultAddress
	}
	s.t.Cleanup(func() { assert.NoError(s.t, ep.Close()) })
	return ep
}

// answer sends back what it gets, up to a line.
func (s *soak) answer(conn net.Conn) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Minute))
	var b [32]byte
	if _, err := io.ReadFull(conn, b[:]); err == nil {
		s.peers <- conn.RemoteAddr()
		conn.Write(b[:])
	}
}

// hour is one hour, in which a router may have an accident, and the clock may be set.
func (s *soak) hour() {
	end := time.Now().Add(time.Hour)
	for range 12 + s.chance.IntN(8) {
		s.visit(s.chance.IntN(users))
		time.Sleep(time.Duration(s.chance.Int64N(int64(4 * time.Minute))))
	}
	s.pest()
	if s.chance.IntN(12) == 0 {
		s.jump()
	}
	if r := s.routers[s.chance.IntN(len(s.routers))]; s.chance.IntN(3) == 0 {
		s.accidents++
		mend := r.Restart
		if s.chance.IntN(2) == 0 {
			r.Kill()
		} else {
			r.Freeze()
			mend = func() error { r.Thaw(); return nil }
		}
		s.visit(users) // one more
		time.Sleep(time.Duration(s.chance.Int64N(int64(15 * time.Minute))))
		require.NoError(s.t, mend())
		time.Sleep(5 * time.Minute)
	}
	time.Sleep(time.Until(end))
}

// visit sends something by the way that the user has, and gets it back. A user who was idle for long is somebody else.
func (s *soak) visit(user int) {
	s.visits++
	ctx, cancel := context.WithTimeout(s.t.Context(), 3*time.Minute)
	defer cancel()
	if s.chance.IntN(10) == 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(s.chance.Int64N(int64(time.Second))))
		defer cancel()
	}
	conn, err := s.way(user).DialContext(ctx, "tcp", s.site.Addr().Host+":80")
	if err != nil {
		s.failed++
		return
	}
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(3 * time.Minute))
	var sent, got [32]byte
	for i := range sent {
		sent[i] = byte(s.chance.Uint32())
	}
	conn.Write(sent[:])
	if _, err := io.ReadFull(conn, got[:]); err != nil {
		s.failed++
		select {
		case <-s.peers:
		default:
		}
		return
	}
	assert.Equal(s.t, sent, got)
	s.saw(user, <-s.peers)
}

// way is how a user comes: as a client of SOCKS 5 or 4a, or in this program.
func (s *soak) way(user int) proxy.ContextDialer {
	name := fmt.Sprint("user", user)
	switch user % 3 {
	case 0:
		return s.visitor.Isolate(name)
	case 1:
		return &socks.Dialer{Version: socks.SOCKS4a, Address: "port", Username: name, Password: s.secret, Forward: inMemoryPort{s.port}}
	}
	return &socks.Dialer{Address: "port", Username: name, Password: s.secret, Forward: inMemoryPort{s.port}}
}

// pest is a client that sends what is nothing, or nothing, and may not leave by itself.
func (s *soak) pest() {
	conn, err := s.port.Dial(s.t.Context())
	if err != nil {
		return
	}
	b := make([]byte, s.chance.IntN(100))
	for i := range b {
		b[i] = byte(s.chance.Uint32())
	}
	conn.SetDeadline(time.Now().Add(10 * time.Minute))
	conn.Write(b)
	if s.chance.IntN(2) == 0 {
		io.Copy(io.Discard, conn)
	}
	conn.Close()
}

// saw checks that an identity is one user's for ever. A user has many, since those that are idle end.
func (s *soak) saw(user int, peer net.Addr) {
	id := maphash.String(s.hash, peer.String())
	if owner, ok := s.owners[id]; ok {
		assert.Equal(s.t, owner, user, "identities mixed")
	}
	s.owners[id] = user
}
