package soak_test

import (
	"context"
	"fmt"
	"io/fs"
	"math"
	"net"
	"os"
	"path/filepath"
	"runtime"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/i2cptest"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/internal/memnet"
)

// soakRouter is a router of either door.
type soakRouter interface {
	Dial(ctx context.Context) (net.Conn, error)
	Kill()
	Restart() error
	Freeze()
	Thaw()
}

// openRouters starts that of the site, Java I2P, and that of the visitor, i2pd.
func (s *soak) openRouters(door string) {
	if door == "SAM" {
		nw := samtest.NewNetwork()
		s.violations = nw.Violations
		s.t.Cleanup(nw.Close)
		for _, kind := range []samtest.Router{samtest.Java, samtest.I2PD259} {
			s.routers = append(s.routers, nw.Start(&samtest.Bridge{Router: kind}))
		}
		return
	}
	nw := i2cptest.NewNetwork()
	s.violations = nw.Violations
	s.t.Cleanup(nw.Close)
	for _, kind := range []i2cptest.Kind{i2cptest.Java, i2cptest.I2PD259} {
		s.routers = append(s.routers, offline{nw.Start(&i2cptest.Router{Kind: kind})})
	}
}

// offline is a router that stays and reaches nobody, in place of one that is frozen.
type offline struct{ *i2cptest.Router }

func (o offline) Freeze() { o.SetLink(i2cptest.Link{Loss: 1}) }
func (o offline) Thaw()   { o.SetLink(i2cptest.Link{}) }

// jump sets the time of day, by up to a day and a half from what it is; time goes on as before.
func (s *soak) jump() {
	if s.settle(time.Duration(s.chance.Int64N(int64(72*time.Hour))) - 36*time.Hour) {
		s.jumps++
	}
}

// settle sets the time of day so far from that of the bubble, and reports whether this build can.
func (s *soak) settle(offset time.Duration) bool {
	if setTimeOfDay == nil {
		return false
	}
	mono, wall := time.Now(), time.Now().Round(0)
	setTimeOfDay(offset)
	require.Less(s.t, time.Since(mono), time.Second, "time went on")
	require.WithinDuration(s.t, wall.Add(offset-s.offset), time.Now().Round(0), time.Second, "and the clock was set")
	s.offset = offset.Truncate(time.Second)
	return true
}

// setTimeOfDay sets the time of day so far from that of the bubble, in the build of .ci/soak; in others it is nil.
var setTimeOfDay func(offset time.Duration)

type inMemoryPort struct{ *memnet.Listener }

func (p inMemoryPort) DialContext(ctx context.Context, _, _ string) (net.Conn, error) {
	return p.Dial(ctx)
}

// held is what the process holds.
type held struct {
	goroutines, descriptors, files int
	heap                           uint64
}

func (h held) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors, %d files, %.1f MiB", h.goroutines, h.descriptors, h.files, float64(h.heap)/(1<<20))
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
