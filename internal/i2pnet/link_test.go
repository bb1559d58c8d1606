package i2pnet

import (
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestLine(t *testing.T) {
	const packets, size = 20_000, 1000
	for name, c := range map[string]struct {
		link  Link
		every time.Duration // between two packets
		loss  float64
		full  float64 // share for which there is no room
		delay [2]time.Duration
	}{
		"perfect": {},
		"delay":   {link: Link{Delay: 50 * time.Millisecond}, delay: [2]time.Duration{50 * time.Millisecond, 50 * time.Millisecond}},
		"jitter":  {link: Link{Delay: time.Second, Jitter: time.Millisecond}, every: time.Second, delay: [2]time.Duration{time.Second, time.Second + time.Millisecond}},
		"loss":    {link: Link{Loss: 0.03}, loss: 0.03},
		"nothing": {link: Link{Loss: 1}, loss: 1},
		"rate":    {link: Link{Rate: 100_000}, every: 10 * time.Millisecond, delay: [2]time.Duration{10 * time.Millisecond, 10 * time.Millisecond}},
		// Twice as much as passes: half is lost, the rest waits for the full queue of 32 KiB.
		"overload": {link: Link{Rate: 100_000}, every: 5 * time.Millisecond, full: 0.5, delay: [2]time.Duration{0, 330 * time.Millisecond}},
		"queue":    {link: Link{Rate: 100_000, Queue: 5000}, every: 5 * time.Millisecond, full: 0.5, delay: [2]time.Duration{0, 50 * time.Millisecond}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLine(c.link, 1, 0, 1)
			now, last := time.Unix(0, 0), time.Time{}
			for range packets {
				if due, ok := l.carry(now, size); ok {
					assert.GreaterOrEqual(t, due.Sub(now), c.delay[0])
					assert.LessOrEqual(t, due.Sub(now), c.delay[1])
					assert.False(t, due.Before(last), "in order")
					last = due
				}
				now = now.Add(c.every)
			}
			assert.Equal(t, packets, l.traffic.Packets)
			assert.Equal(t, packets*size, l.traffic.Bytes)
			assert.InDelta(t, c.loss, float64(l.traffic.Lost)/packets, 0.005)
			assert.InDelta(t, c.full, float64(l.traffic.Overflow)/packets, 0.005)
		})
	}
}

// TestLuck: the same seed gives the same losses, whenever the packets come; other links have other luck.
func TestLuck(t *testing.T) {
	losses := func(seed uint64, from, to int, every time.Duration) (lost []int) {
		l := newLine(Link{Loss: 0.1, Rate: 1000, Queue: 1 << 30}, seed, from, to)
		for i := range 1000 {
			if _, ok := l.carry(time.Unix(0, 0).Add(time.Duration(i)*every), 100); !ok {
				lost = append(lost, i)
			}
		}
		return lost
	}
	first := losses(1, 0, 1, 0)
	assert.NotEmpty(t, first)
	assert.Equal(t, first, losses(1, 0, 1, time.Minute))
	assert.NotEqual(t, first, losses(2, 0, 1, 0))
	assert.NotEqual(t, first, losses(1, 1, 0, 0))
}

// packet makes the start of an IPv4 packet to a router.
func packet(to int, text string) []byte {
	b := make([]byte, 20, 20+len(text))
	b[0] = 0x45
	b[16], b[17], b[19] = 198, 18, byte(to+1)
	return append(b, text...)
}

// port is a device in memory.
type port struct{ net.Conn }

func ports(t *testing.T, f *fabric, n int) (ends []net.Conn) {
	for i := range n {
		a, b := net.Pipe()
		require.NoError(t, f.attach(i, port{a}))
		ends = append(ends, b)
	}
	return ends
}

func TestFabric(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFabric(3, func(from, to int) Link {
			return Link{Delay: time.Duration(10*from+to) * time.Second}
		}, 1)
		ends := ports(t, f, 3)
		start := time.Now()
		read := func(i int) (string, time.Duration) {
			buf := make([]byte, 100)
			n, err := ends[i].Read(buf)
			require.NoError(t, err)
			return string(buf[20:n]), time.Since(start)
		}
		for _, p := range [][]byte{
			packet(2, "slow"), packet(1, "first"), packet(1, "second"), packet(7, "nowhere"),
			{0x60, 1}, packet(1, "")[:19], append([]byte{0x60}, packet(1, "IPv6")[1:]...), {},
		} {
			ends[0].Write(p)
		}
		for _, want := range []struct {
			at   int
			text string
			when time.Duration
		}{{1, "first", time.Second}, {1, "second", time.Second}, {2, "slow", 2 * time.Second}} {
			text, when := read(want.at)
			assert.Equal(t, want.text, text)
			assert.Equal(t, want.when, when)
		}
		f.set(1, 0, Link{Loss: 1})
		ends[1].Write(packet(0, "lost"))
		synctest.Wait()
		assert.Equal(t, Traffic{Packets: 1, Bytes: 24, Lost: 1}, f.traffic(1, 0))
		assert.Equal(t, Traffic{Packets: 2, Bytes: 51}, f.traffic(0, 1))

		ends[0].Write(packet(2, "never delivered"))
		require.NoError(t, f.close())
		require.NoError(t, f.close())
		assert.ErrorIs(t, f.attach(0, port{ends[0]}), net.ErrClosed)
	})
}

// FuzzPacket: whatever routers send, the fabric lives.
func FuzzPacket(f *testing.F) {
	f.Add(packet(1, "data"))
	f.Add([]byte{0x45})
	f.Fuzz(func(t *testing.T, b []byte) {
		if to, ok := routerOf(b); ok {
			assert.True(t, to >= 0 && to < 255)
		}
	})
}
