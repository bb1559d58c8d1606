package socks

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"os"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/internal/bytequeue"
	"github.com/go-i2p/i2psocks/internal/memnet"
	"github.com/go-i2p/i2psocks/socks/internal/parking"
)

type relayed struct {
	relayStats
	err error
}

// lot is where the relays of tests park.
var lot parking.Lot

// relay copies until both directions are over.
func relay(ctx context.Context, client, peer net.Conn, early []byte, opt relayOptions) (stats relayStats, err error) {
	done := make(chan struct{})
	newRelay(ctx, client, peer, opt, func(_ *watch, s relayStats, e error) {
		stats, err = s, e
		close(done)
	}).begin(early)
	<-done
	return stats, err
}

// start relays in the background, and parks sooner or later.
func start(ctx context.Context, client, peer net.Conn, early string, opt relayOptions) chan relayed {
	done := make(chan relayed, 1)
	opt.Halves, opt.Lot = new(halfClosed), &lot
	if opt.ParkAfter == 0 {
		opt.ParkAfter = []time.Duration{0, time.Millisecond, 50 * time.Microsecond}[rand.IntN(3)]
	}
	w := newRelay(ctx, client, peer, opt, func(_ *watch, stats relayStats, err error) {
		opt.Halves.close()
		done <- relayed{stats, err}
	})
	go w.begin([]byte(early))
	return done
}

// TestRelayWhole sends 3 MiB to the peer, ends that direction, and gets as much
// back, between all kinds of connections.
func TestRelayWhole(t *testing.T) {
	const size = 3 << 20
	question, answer := random(size, 1), random(size, 2)
	for clientKind, clientPair := range pairs {
		for peerKind, peerPair := range pairs {
			for name, ahead := range map[string]int{"plain": 0, "ahead": 1 << 20} {
				if ahead == 0 && clientKind != peerKind {
					continue // the way to the peer is plain in all
				}
				t.Run(clientKind+" to "+peerKind+" "+name, func(t *testing.T) {
					near, client := clientPair(t)
					far, peer := peerPair(t)
					done := start(t.Context(), near, far, string(question[:1000]), relayOptions{ReadAhead: ahead})
					go func() {
						writeRandomly(client, question[1000:])
						closeWrite(client)
					}()
					go func() {
						got := make([]byte, size)
						io.ReadFull(peer, got)
						if sum(got) == sum(question) {
							writeRandomly(peer, answer)
						}
						peer.Close()
					}()
					if _, ok := near.(halfCloser); !ok { // nothing but the relay's caller ends it
						got := make([]byte, size)
						_, err := io.ReadFull(client, got)
						require.NoError(t, err)
						assert.Equal(t, sum(answer), sum(got))
					} else {
						got, err := io.ReadAll(client)
						require.NoError(t, err)
						assert.Equal(t, sum(answer), sum(got))
					}
					r := <-done
					assert.NoError(t, r.err)
					assert.Equal(t, relayStats{Sent: size, Received: size}, r.relayStats)
				})
			}
		}
	}
}

// bare hides all but net.Conn, above all CloseWrite, as a stream over SAM does.
// It is not comparable, as a conn of a host program may be.
type bare struct {
	net.Conn
	_ []byte
}

// talk is a client and a peer with a relay between them, in a bubble of time.
type talk struct {
	client, peer net.Conn
	done         chan relayed
	cancel       context.CancelCauseFunc
	began        time.Time
}

func newTalk(t *testing.T, halfClose bool, early string, opt relayOptions) *talk {
	near, client := memnet.Pipe()
	far, peer := memnet.Pipe()
	if !halfClose {
		far = bare{Conn: far}
	}
	ctx, cancel := context.WithCancelCause(t.Context())
	return &talk{client: client, peer: peer, cancel: cancel, began: time.Now(),
		done: start(ctx, near, far, early, opt)}
}

// drip writes one byte a second.
func drip(c net.Conn, n int) {
	for range n {
		time.Sleep(time.Second)
		c.Write([]byte("."))
	}
}

var errHost = errors.New("the host says stop")

func TestRelayEnds(t *testing.T) {
	for name, c := range map[string]struct {
		halfClose bool // the peer has it
		opt       relayOptions
		play      func(*talk)
		stats     relayStats
		err       error
		after     time.Duration
	}{
		"idle": {opt: relayOptions{IdleTimeout: time.Minute}, play: func(*talk) {},
			err: os.ErrDeadlineExceeded, after: time.Minute},
		"idle after the client's bytes": {opt: relayOptions{IdleTimeout: time.Minute},
			play:  func(k *talk) { drip(k.client, 100) },
			stats: relayStats{Sent: 100}, err: os.ErrDeadlineExceeded, after: 160 * time.Second},
		"idle after the peer's bytes": {opt: relayOptions{IdleTimeout: time.Minute, ReadAhead: 100},
			play:  func(k *talk) { drip(k.peer, 100) },
			stats: relayStats{Received: 100}, err: os.ErrDeadlineExceeded, after: 160 * time.Second},
		"half-close without capability, silent peer": {opt: relayOptions{IdleTimeout: time.Hour, HalfCloseTimeout: time.Minute},
			play: func(k *talk) { time.Sleep(time.Second); closeWrite(k.client) },
			err:  os.ErrDeadlineExceeded, after: 61 * time.Second},
		"half-close without capability, late answer": {opt: relayOptions{HalfCloseTimeout: time.Minute},
			play: func(k *talk) {
				closeWrite(k.client)
				time.Sleep(50 * time.Second)
				drip(k.peer, 100)
				k.peer.Close()
			},
			stats: relayStats{Received: 100}, after: 150 * time.Second},
		"half-close is forwarded": {halfClose: true,
			play: func(k *talk) {
				k.client.Write([]byte("all"))
				closeWrite(k.client)
				got, _ := io.ReadAll(k.peer)
				k.peer.Write(append([]byte("got "), got...))
				k.peer.Close()
			},
			stats: relayStats{Sent: 3, Received: 7}},
		"half-close by the peer": {halfClose: true, opt: relayOptions{HalfCloseTimeout: time.Minute},
			play: func(k *talk) {
				closeWrite(k.peer)
				io.ReadAll(k.client)
				drip(k.client, 100)
				closeWrite(k.client)
			},
			stats: relayStats{Sent: 100}, after: 100 * time.Second},
		"half-close by the peer, silent client": {halfClose: true, opt: relayOptions{HalfCloseTimeout: time.Minute},
			play: func(k *talk) { closeWrite(k.peer) },
			err:  os.ErrDeadlineExceeded, after: time.Minute},
		"the shorter bound counts": {opt: relayOptions{IdleTimeout: time.Second, HalfCloseTimeout: time.Minute},
			play: func(k *talk) { closeWrite(k.client) },
			err:  os.ErrDeadlineExceeded, after: time.Second},
		"a peer without half-close ends": {
			play:  func(k *talk) { drip(k.peer, 1); k.peer.Close() },
			stats: relayStats{Received: 1}, after: time.Second},
		"cancelled": {
			play: func(k *talk) { time.Sleep(time.Second); k.cancel(errHost) },
			err:  errHost, after: time.Second},
		"cancelled with full buffers": {opt: relayOptions{ReadAhead: 100},
			play: func(k *talk) {
				go k.client.Write(make([]byte, 1<<20))
				go k.peer.Write(make([]byte, 1<<20))
				time.Sleep(time.Second)
				k.cancel(errHost)
			},
			stats: relayStats{Sent: memnet.Buffer, Received: memnet.Buffer}, err: errHost, after: time.Second},
		"the peer breaks while the client sends": {opt: relayOptions{ReadAhead: 100},
			play: func(k *talk) {
				k.peer.Write([]byte("last words"))
				k.peer.Close()
				k.client.Write(make([]byte, 100))
			},
			stats: relayStats{Received: 10}},
		"the client is gone": {opt: relayOptions{ReadAhead: 100},
			play: func(k *talk) { k.client.Close(); k.peer.Write([]byte("x")) },
			err:  syscall.EPIPE},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				k := newTalk(t, c.halfClose, "", c.opt)
				go func() { synctest.Wait(); c.play(k) }()
				r := <-k.done
				assert.ErrorIs(t, r.err, c.err)
				assert.Equal(t, c.stats, r.relayStats)
				assert.Equal(t, c.after, time.Since(k.began))
				k.cancel(nil)
				k.client.Close()
				k.peer.Close()
			})
		})
	}
}

// mute takes nothing, but can still be read.
type mute struct{ net.Conn }

func (mute) Write([]byte) (int, error) { return 0, syscall.EPIPE }

// TestRelayPeerTakesNothing checks that a failed write to the peer does not cut
// off what it sends, and that it cannot hold the relay for ever.
func TestRelayPeerTakesNothing(t *testing.T) {
	for name, opt := range map[string]relayOptions{
		"own bound": {},
		"idle":      {IdleTimeout: time.Minute},
		"ahead":     {ReadAhead: 1 << 20},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, client := memnet.Pipe()
				far, peer := memnet.Pipe()
				began := time.Now()
				done := start(t.Context(), near, mute{far}, "early", opt)
				go peer.Write(random(1<<20, 3))
				time.Sleep(40 * time.Second) // a client that pauses loses nothing
				got := make([]byte, 1<<20)
				_, err := io.ReadFull(client, got)
				require.NoError(t, err)
				assert.Equal(t, sum(random(1<<20, 3)), sum(got))
				r := <-done
				assert.ErrorIs(t, r.err, syscall.EPIPE)
				assert.Equal(t, relayStats{Received: 1 << 20}, r.relayStats)
				assert.Equal(t, 40*time.Second+brokenTimeout, time.Since(began))
			})
		})
	}
}

// forgetful is a stream to a router that throws away what was not read one
// second after the far end has closed, and then says nothing any more.
type forgetful struct {
	net.Conn
	out *bytequeue.Queue
}

func (f forgetful) Read(p []byte) (int, error) { return f.out.Read(p) }
func (f forgetful) SetDeadline(t time.Time) error {
	f.out.SetReadDeadline(t)
	return f.Conn.SetDeadline(t)
}
func (f forgetful) SetReadDeadline(t time.Time) error { f.out.SetReadDeadline(t); return nil }

func (f forgetful) send(p []byte) {
	f.out.Write(p)
	time.Sleep(time.Second)
	for f.out.Len() > 0 {
		f.out.Discard(len(f.out.Peek()))
	}
}

// TestRelayReadAhead has a client that pauses while the router forgets.
func TestRelayReadAhead(t *testing.T) {
	const size = 3 << 20
	for name, c := range map[string]struct {
		ahead int
		whole bool
	}{
		"enough":   {size, true},
		"too low":  {size / 2, false},
		"switched": {0, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				near, client := memnet.Pipe()
				mem, _ := memnet.Pipe()
				far := forgetful{mem, bytequeue.New(2*size, nil)}
				done := start(t.Context(), near, far, "", relayOptions{ReadAhead: c.ahead, IdleTimeout: time.Minute})
				data := random(size, 4)
				go far.send(data)
				time.Sleep(30 * time.Second)
				go func() { // slowly: 16 KiB a second
					for {
						time.Sleep(time.Second)
						if _, err := io.CopyN(io.Discard, client, 16<<10); err != nil {
							return
						}
					}
				}()
				r := <-done
				assert.ErrorIs(t, r.err, os.ErrDeadlineExceeded, "the router never says the end")
				if c.whole {
					assert.EqualValues(t, size, r.Received)
				} else {
					assert.Less(t, r.Received, int64(size))
					assert.GreaterOrEqual(t, r.Received, int64(c.ahead+memnet.Buffer))
				}
				near.Close()
			})
		})
	}
}

// TestRelayBudget has many slow clients share less than they want.
func TestRelayBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size = 1 << 20
		budget := bytequeue.NewBudget(8 * bytequeue.ChunkSize)
		var clients []net.Conn
		var dones []chan relayed
		for i := range 20 {
			near, client := memnet.Pipe()
			far, peer := memnet.Pipe()
			dones = append(dones, start(t.Context(), near, far, "", relayOptions{ReadAhead: size, Budget: budget}))
			clients = append(clients, client)
			go func() { peer.Write(random(size, byte(i))); peer.Close() }()
		}
		synctest.Wait()
		assert.LessOrEqual(t, budget.Used(), 8*bytequeue.ChunkSize+20*bytequeue.SmallSize)
		assert.GreaterOrEqual(t, budget.Used(), 20*bytequeue.SmallSize)
		for i, c := range clients {
			got, err := io.ReadAll(c)
			require.NoError(t, err)
			assert.Equal(t, sum(random(size, byte(i))), sum(got))
			c.Close()
			assert.NoError(t, (<-dones[i]).err)
		}
		assert.Zero(t, budget.Used())
	})
}

func TestRelayBudgetIsFreedWhenCancelled(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		budget := bytequeue.NewBudget(1 << 20)
		near, _ := memnet.Pipe()
		far, peer := memnet.Pipe()
		ctx, cancel := context.WithCancel(t.Context())
		done := start(ctx, near, far, "", relayOptions{ReadAhead: 1 << 20, Budget: budget})
		go peer.Write(make([]byte, 4<<20))
		synctest.Wait()
		assert.NotZero(t, budget.Used())
		cancel()
		assert.ErrorIs(t, (<-done).err, context.Canceled)
		assert.Zero(t, budget.Used())
		far.Close()
	})
}
