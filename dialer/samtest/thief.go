package samtest

import (
	"bufio"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
)

// Thief is a program that has taken over a router's port, such as that of a [Bridge] that was killed. It answers
// HELLO as a router does, and records whatever it is sent, without an answer. The zero value can be started, once;
// all methods except Start require that, and may be called by several goroutines.
type Thief struct {
	// Addr is where it listens: "127.0.0.1:port". Empty is a free port; Start writes it here.
	Addr string
	// UID is the user that the kernel takes it for; 0 is the program's own. Other users need Linux and root.
	UID int

	ln     net.Listener
	wg     sync.WaitGroup
	mu     sync.Mutex
	conns  []net.Conn
	loot   []string // lines as they came
	closed bool
}

// Start opens the port.
func (t *Thief) Start() error {
	ln, err := net.Listen("tcp", orElse(t.Addr, "127.0.0.1:0"))
	if err != nil {
		return err
	}
	t.ln, t.Addr = ln, ln.Addr().String()
	became := make(chan error)
	t.wg.Go(func() {
		err := becomeUser(t.UID)
		became <- err
		if err == nil {
			t.accept()
		}
	})
	if err := <-became; err != nil {
		t.Close()
		return err
	}
	return nil
}

func (t *Thief) accept() {
	for {
		nc, err := t.ln.Accept()
		if err != nil {
			return
		}
		t.mu.Lock()
		t.conns = append(t.conns, nc)
		if t.closed {
			nc.Close()
		}
		t.wg.Go(func() { t.serve(nc) })
		t.mu.Unlock()
	}
}

// serve reads lines, and what comes behind the last one.
func (t *Thief) serve(nc net.Conn) {
	defer nc.Close()
	r := bufio.NewReaderSize(nc, maxSegment)
	for {
		line, err := r.ReadString('\n')
		if line != "" {
			t.mu.Lock()
			t.loot = append(t.loot, line)
			t.mu.Unlock()
		}
		if err != nil {
			return
		}
		if strings.HasPrefix(line, "HELLO ") {
			io.WriteString(nc, "HELLO REPLY RESULT=OK VERSION=3.1\n")
		}
	}
}

// Connections returns how many clients have connected.
func (t *Thief) Connections() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.conns)
}

// Lines returns all lines it was sent, in order. Keys and passwords are removed; Got reports whether they were sent.
func (t *Thief) Lines() []string {
	t.mu.Lock()
	defer t.mu.Unlock()
	lines := slices.Clone(t.loot)
	for i, line := range lines {
		lines[i] = redact(strings.TrimSuffix(line, "\n"))
	}
	return lines
}

// Got reports whether it was sent a text, such as a private key, within a line.
func (t *Thief) Got(text string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.ContainsFunc(t.loot, func(line string) bool { return strings.Contains(line, text) })
}

// Close closes the port and all connections and waits for all goroutines of the Thief. It may be called twice.
func (t *Thief) Close() error {
	t.mu.Lock()
	again := t.closed
	t.closed = true
	for _, nc := range t.conns {
		nc.Close()
	}
	t.mu.Unlock()
	var err error
	if !again {
		err = t.ln.Close()
	}
	t.wg.Wait()
	return err
}
