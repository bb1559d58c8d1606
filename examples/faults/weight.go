package main

import (
	"fmt"
	"net"
	"os"
	"runtime"
	"time"
)

// weight is what the process holds.
type weight struct{ goroutines, descriptors int }

func weigh() weight {
	files, _ := os.ReadDir("/proc/self/fd") // none on systems that do not have it
	return weight{runtime.NumGoroutine(), len(files)}
}

// settled is the weight of a process that has used its network, for which the runtime opens descriptors.
func settled() (weight, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return weight{}, err
	}
	err = ln.Close()
	return weigh(), err
}

func (w weight) String() string {
	return fmt.Sprintf("%d goroutines, %d descriptors", w.goroutines, w.descriptors)
}

func (w weight) more(than weight) bool {
	return w.goroutines > than.goroutines || w.descriptors > than.descriptors
}

// await returns the weight once it is no more than w, or after a while. Pipes for splice(2), which package net keeps for
// later, are given back by the garbage collector.
func (w weight) await() weight {
	now := weigh()
	for end := time.Now().Add(10 * time.Second); now.more(w) && time.Now().Before(end); now = weigh() {
		runtime.GC()
		time.Sleep(10 * time.Millisecond)
	}
	return now
}
