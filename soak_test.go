package i2psocks_test

import (
	"context"
	"flag"
	"fmt"
	"hash/maphash"
	"io"
	"io/fs"
	"math"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/internal/memnet"
	"github.com/go-i2p/i2psocks/socks"
)

var soakDays = flag.Int("soak.days", 4, "`days` that TestSoak takes, in fake time")

// TestSoak lives for days with visitors of all kinds, and with routers that are killed, restarted and frozen: what the
// process holds at the end is what it held after the first quarter.
func TestSoak(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newSoak(t)
		hours := *soakDays * 24
		var early held
		for hour := range hours {
			if hour == hours/4 {
				early = s.rest()
			}
			s.hour()
		}
		late := s.rest()
		t.Logf("%d visits, %d failed, %d identities; after %d days: %+v, after %d: %+v", s.visits, s.failed, len(s.owners), *soakDays/4, early, *soakDays, late)
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
	bridges []*samtest.Bridge
	site    *i2psocks.Endpoint
	visitor *i2psocks.Endpoint
	port    *memnet.Listener // SOCKS
	secret  string
	dir     string

	hash           maphash.Seed
	owners         map[uint64]int // users by identity; it is made large enough at the start
	peers          chan net.Addr
	visits, failed int
}

func newSoak(t *testing.T) *soak {
	s := &soak{
		t: t, chance: rand.New(rand.NewPCG(1, 2)), dir: t.TempDir(), port: memnet.Listen(), peers: make(chan net.Addr, 1),
		hash: maphash.MakeSeed(), owners: make(map[uint64]int, *soakDays*24*20),
	}
	nw := samtest.NewNetwork()
	t.Cleanup(nw.Close)
	open := func(kind samtest.Router, name string) *i2psocks.Endpoint {
		bridge := nw.Start(&samtest.Bridge{Router: kind})
		s.bridges = append(s.bridges, bridge)
		ep := &i2psocks.Endpoint{
			Dir: filepath.Join(s.dir, name), AwaitRouter: true, AllowRemote: true,
			DialBridge: func(ctx context.Context, _, _ string) (net.Conn, error) { return bridge.Dial(ctx) },
		}
		t.Cleanup(func() { assert.NoError(t, ep.Close()) })
		return ep
	}
	s.site, s.visitor = open(samtest.Java, "site"), open(samtest.I2PD259, "visitor")
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

// hour is one hour, in which a router may have an accident.
func (s *soak) hour() {
	end := time.Now().Add(time.Hour)
	for range 12 + s.chance.IntN(8) {
		s.visit(s.chance.IntN(users))
		time.Sleep(time.Duration(s.chance.Int64N(int64(4 * time.Minute))))
	}
	if b := s.bridges[s.chance.IntN(len(s.bridges))]; s.chance.IntN(3) == 0 {
		mend := b.Restart
		if s.chance.IntN(2) == 0 {
			b.Kill()
		} else {
			b.Freeze()
			mend = func() error { b.Thaw(); return nil }
		}
		s.visit(users) // one more
		time.Sleep(time.Duration(s.chance.Int64N(int64(15 * time.Minute))))
		require.NoError(s.t, mend())
		time.Sleep(5 * time.Minute)
	}
	time.Sleep(time.Until(end))
}

// visit sends something through the SOCKS port, and gets it back. A user who was idle for long is somebody else.
func (s *soak) visit(user int) {
	s.visits++
	ctx, cancel := context.WithTimeout(s.t.Context(), 3*time.Minute)
	defer cancel()
	if s.chance.IntN(10) == 0 {
		ctx, cancel = context.WithTimeout(ctx, time.Duration(s.chance.Int64N(int64(time.Second))))
		defer cancel()
	}
	d := socks.Dialer{Address: "port", Username: fmt.Sprint("user", user), Password: s.secret, Forward: inMemoryPort{s.port}}
	conn, err := d.DialContext(ctx, "tcp", s.site.Addr().Host+":80")
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

// saw checks that an identity is one user's for ever. A user has many, since those that are idle end.
func (s *soak) saw(user int, peer net.Addr) {
	id := maphash.String(s.hash, peer.String())
	if owner, ok := s.owners[id]; ok {
		assert.Equal(s.t, owner, user, "identities mixed")
	}
	s.owners[id] = user
}

type inMemoryPort struct{ *memnet.Listener }

func (p inMemoryPort) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	return p.Dial(ctx)
}

// held is what the process holds.
type held struct {
	goroutines, descriptors, files int
	heap                           uint64
}

// rest waits until all that is idle has ended, and weighs the rest: at several times, as sessions renew what they have
// now and then, and have two of it for a moment.
func (s *soak) rest() (h held) {
	time.Sleep(2 * time.Hour)
	h.goroutines = math.MaxInt
	for range 5 {
		time.Sleep(7 * time.Minute)
		synctest.Wait()
		h.goroutines = min(h.goroutines, runtime.NumGoroutine())
	}
	require.NotZero(s.t, s.site.Addr())
	files, err := os.ReadDir("/proc/self/fd")
	if err == nil { // a system that has it
		h.descriptors = len(files)
	}
	require.NoError(s.t, filepath.WalkDir(s.dir, func(_ string, _ fs.DirEntry, err error) error {
		h.files++
		return err
	}))
	var m runtime.MemStats
	for range 2 {
		runtime.GC()
	}
	runtime.ReadMemStats(&m)
	h.heap = m.HeapAlloc
	return h
}
