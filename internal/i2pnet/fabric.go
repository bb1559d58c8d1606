package i2pnet

import (
	"container/heap"
	"errors"
	"io"
	"net"
	"sync"
	"time"
)

// fabric carries packets between the routers' network devices, each by the line from its router to
// that of its destination.
type fabric struct {
	mu      sync.Mutex
	ports   []io.ReadWriteCloser // by router; nil while there is none
	lines   map[[2]int]*line
	links   func(from, to int) Link
	seed    uint64
	flights flights
	sent    uint64
	closed  bool

	wake chan struct{} // a flight has become the first
	quit chan struct{}
	wg   sync.WaitGroup
}

func newFabric(ports int, links func(from, to int) Link, seed uint64) *fabric {
	f := &fabric{
		ports: make([]io.ReadWriteCloser, ports), lines: make(map[[2]int]*line), links: links, seed: seed,
		wake: make(chan struct{}, 1), quit: make(chan struct{}),
	}
	f.wg.Go(f.deliver)
	return f
}

const maxPacket = 64 << 10

// attach lets the fabric carry what router i sends, a packet with each Read, until Read fails.
func (f *fabric) attach(i int, port io.ReadWriteCloser) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.closed {
		return errors.Join(net.ErrClosed, port.Close())
	}
	f.ports[i] = port
	f.wg.Go(func() {
		buf := make([]byte, maxPacket)
		for {
			n, err := port.Read(buf)
			if err != nil {
				return
			}
			f.take(i, buf[:n], time.Now())
		}
	})
	return nil
}

// take gives a packet to its line.
func (f *fabric) take(from int, packet []byte, now time.Time) {
	to, ok := routerOf(packet)
	f.mu.Lock()
	defer f.mu.Unlock()
	if !ok || to >= len(f.ports) || f.closed {
		return
	}
	due, ok := f.line(from, to).carry(now, len(packet))
	if !ok {
		return
	}
	f.sent++
	heap.Push(&f.flights, flight{due, f.sent, to, append([]byte(nil), packet...)})
	if f.flights[0].number == f.sent {
		select {
		case f.wake <- struct{}{}:
		default:
		}
	}
}

// routerOf returns the number of the router that a packet is for, which is in its address.
func routerOf(packet []byte) (int, bool) {
	const minHeader, destination = 20, 16
	if len(packet) < minHeader || packet[0]>>4 != 4 || packet[destination] != 198 || packet[destination+1] != 18 || packet[destination+3] == 0 {
		return 0, false
	}
	return int(packet[destination+3]) - 1, true
}

// line returns the line between two routers, made at first use. The caller holds mu.
func (f *fabric) line(from, to int) *line {
	l := f.lines[[2]int{from, to}]
	if l == nil {
		l = newLine(f.links(from, to), f.seed, from, to)
		f.lines[[2]int{from, to}] = l
	}
	return l
}

// deliver hands out packets as they fall due.
func (f *fabric) deliver() {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		timer.Reset(f.handOut(time.Now()))
		select {
		case <-timer.C:
		case <-f.wake:
		case <-f.quit:
			return
		}
	}
}

// handOut delivers all that is due, and returns the time until there is more.
func (f *fabric) handOut(now time.Time) time.Duration {
	for {
		f.mu.Lock()
		if len(f.flights) == 0 {
			f.mu.Unlock()
			return time.Hour
		}
		if wait := f.flights[0].due.Sub(now); wait > 0 {
			f.mu.Unlock()
			return wait
		}
		next := heap.Pop(&f.flights).(flight)
		port := f.ports[next.to]
		f.mu.Unlock()
		if port != nil {
			port.Write(next.packet) // a device that is down loses it
		}
	}
}

// set changes a link. What is under way arrives as it would have.
func (f *fabric) set(from, to int, link Link) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.line(from, to).Link = link
}

func (f *fabric) traffic(from, to int) Traffic {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.line(from, to).traffic
}

// close ends the fabric and closes all ports.
func (f *fabric) close() error {
	f.mu.Lock()
	if f.closed {
		f.mu.Unlock()
		return nil
	}
	f.closed = true
	close(f.quit)
	var errs []error
	for _, port := range f.ports {
		if port != nil {
			errs = append(errs, port.Close())
		}
	}
	f.mu.Unlock()
	f.wg.Wait()
	return errors.Join(errs...)
}

// flight is a packet on its way.
type flight struct {
	due    time.Time
	number uint64 // in the order of sending
	to     int
	packet []byte
}

// flights is a heap, that which arrives first at the top.
type flights []flight

func (f flights) Len() int { return len(f) }
func (f flights) Less(i, j int) bool {
	if f[i].due.Equal(f[j].due) {
		return f[i].number < f[j].number
	}
	return f[i].due.Before(f[j].due)
}
func (f flights) Swap(i, j int) { f[i], f[j] = f[j], f[i] }
func (f *flights) Push(x any)   { *f = append(*f, x.(flight)) }
func (f *flights) Pop() any {
	old := *f
	last := old[len(old)-1]
	old[len(old)-1] = flight{}
	*f = old[:len(old)-1]
	return last
}
