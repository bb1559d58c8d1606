package main

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// load is what clients do to a relay.
type load struct {
	settings
	proxy, host string
	pid         int
	results     map[string]float64
}

// open connects through the relay and gives the site an order.
func (l *load) open(order byte, n int) (net.Conn, error) {
	conn, err := net.Dial("tcp", l.proxy)
	if err != nil {
		return nil, err
	}
	var buf [16]byte
	steps := []struct {
		out string
		in  int
	}{
		{"\x05\x01\x00", 2},
		{"\x05\x01\x00\x03" + string(byte(len(l.host))) + l.host + "\x00\x50", 10},
		{string(binary.BigEndian.AppendUint64([]byte{order}, uint64(n))), 0},
	}
	for _, s := range steps {
		if _, err = io.WriteString(conn, s.out); err == nil {
			_, err = io.ReadFull(conn, buf[:s.in])
		}
		if err == nil && s.in > 0 && buf[1] != 0 {
			err = fmt.Errorf("refused: % x", buf[:s.in])
		}
		if err != nil {
			conn.Close()
			return nil, err
		}
	}
	return conn, nil
}

// once opens a stream, reads one byte and closes it.
func (l *load) once() (time.Duration, error) {
	began := time.Now()
	conn, err := l.open(sendBytes, 1)
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	_, err = io.ReadFull(conn, make([]byte, 1))
	return time.Since(began), err
}

// connects measures the set-up: by one client after the other, and by 16 at once.
func (l *load) connects() error {
	for range 200 { // warm
		if _, err := l.once(); err != nil {
			return err
		}
	}
	var times []time.Duration
	for end := time.Now().Add(l.time); time.Now().Before(end); {
		d, err := l.once()
		if err != nil {
			return err
		}
		times = append(times, d)
	}
	slices.Sort(times)
	l.results["connect, p50, µs"] = float64(times[len(times)/2].Nanoseconds()) / 1000
	l.results["connect, p99, µs"] = float64(times[len(times)*99/100].Nanoseconds()) / 1000

	var n atomic.Int64
	var wg sync.WaitGroup
	errs := make(chan error, 16)
	cpu, began := cpuTime(l.pid), time.Now()
	for range 16 {
		wg.Go(func() {
			for time.Since(began) < l.time {
				if _, err := l.once(); err != nil {
					errs <- err
					return
				}
				n.Add(1)
			}
		})
	}
	wg.Wait()
	l.results["connects/s"] = float64(n.Load()) / time.Since(began).Seconds()
	l.results["connect, relay's CPU, µs"] = (cpuTime(l.pid) - cpu).Seconds() * 1e6 / float64(n.Load())
	select {
	case err := <-errs:
		return err
	default:
		return nil
	}
}

// bulk moves bytes in each direction, by one stream.
func (l *load) bulk() error {
	size := l.mebibytes << 20
	for name, move := range map[string]func() error{
		"download": func() error {
			conn, err := l.open(sendBytes, size)
			if err != nil {
				return err
			}
			defer conn.Close()
			buf := make([]byte, 256<<10)
			for n := 0; n < size; {
				m, err := conn.Read(buf)
				if err != nil {
					return err
				}
				n += m
			}
			return nil
		},
		"upload": func() error {
			conn, err := l.open(receiveBytes, size)
			if err != nil {
				return err
			}
			defer conn.Close()
			if err := write(conn, int64(size)); err != nil {
				return err
			}
			_, err = io.ReadFull(conn, make([]byte, 1))
			return err
		},
	} {
		cpu, began := cpuTime(l.pid), time.Now()
		if err := move(); err != nil {
			return err
		}
		l.results[name+", MiB/s"] = float64(l.mebibytes) / time.Since(began).Seconds()
		l.results[name+", relay's CPU, ms/GiB"] = (cpuTime(l.pid) - cpu).Seconds() * 1000 * 1024 / float64(l.mebibytes)
	}
	return nil
}

// idle counts what streams hold that have worked and are silent now.
func (l *load) idle() error {
	if l.settings.idle == 0 {
		return nil
	}
	if _, err := l.once(); err != nil {
		return err
	}
	time.Sleep(time.Second)
	rss, fds := resident(l.pid), descriptors(l.pid)
	conns := make([]net.Conn, 0, l.settings.idle)
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	const traffic = 10_000
	buf := make([]byte, traffic)
	for range l.settings.idle {
		c, err := l.open(sendBytes, traffic)
		if err != nil {
			return err
		}
		conns = append(conns, c)
		if _, err := io.ReadFull(c, buf); err != nil {
			return err
		}
	}
	time.Sleep(l.settle)
	n := float64(l.settings.idle)
	l.results["idle stream, KiB"] = float64(resident(l.pid)-rss) / n
	l.results["idle stream, descriptors"] = float64(descriptors(l.pid)-fds) / n
	return nil
}

// resident returns the memory of a process in KiB, as the system sees it.
func resident(pid int) (kib int) {
	b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	_, rest, _ := strings.Cut(string(b), "VmRSS:")
	fmt.Sscan(rest, &kib)
	return kib
}

func descriptors(pid int) int {
	list, _ := os.ReadDir(fmt.Sprintf("/proc/%d/fd", pid))
	return len(list)
}

// cpuTime returns the processor time of the threads of a process.
func cpuTime(pid int) (sum time.Duration) {
	threads, _ := os.ReadDir(fmt.Sprintf("/proc/%d/task", pid))
	for _, t := range threads {
		var d time.Duration // in ns
		b, _ := os.ReadFile(fmt.Sprintf("/proc/%d/task/%s/schedstat", pid, t.Name()))
		fmt.Sscan(string(b), &d)
		sum += d
	}
	return sum
}
