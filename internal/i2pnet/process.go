package i2pnet

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"os/exec"
	"path/filepath"
	"runtime"
	"sync/atomic"
	"time"
)

// process is one run of i2pd.
type process struct {
	cmd  *exec.Cmd
	log  *lineWriter
	done chan struct{} // closed when the process has ended and been waited for
	err  error         // how it ended; valid after done

	killed  atomic.Bool // by us
	crashed func()      // called when it has ended by itself
}

// launch runs i2pd on the data folder dir inside the namespace.
func launch(s *namespace, program, dir string, log *lineWriter, crashed func()) (*process, error) {
	cmd := exec.Command(program, "--datadir="+dir, "--conf="+filepath.Join(dir, configFile))
	cmd.Dir = dir
	cmd.Stdout, cmd.Stderr = log, log
	cmd.WaitDelay = time.Second
	dieWithUs(cmd)
	p := &process{cmd: cmd, log: log, done: make(chan struct{}), crashed: crashed}
	started := make(chan error)
	go p.run(s, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("i2pnet: start i2pd: %w", err)
	}
	return p, nil
}

// run starts the program, sends how that went, and waits for its end. It keeps its
// thread all the while: the kernel kills the program when the thread that started it ends.
func (p *process) run(s *namespace, started chan<- error) {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := s.enter(p.cmd.Start)
	started <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	close(p.done)
	if !p.killed.Load() {
		p.crashed()
	}
}

// runs reports whether the process has begun and not ended.
func (p *process) runs() bool {
	if p == nil {
		return false
	}
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// kill ends the process at once, if there is one, and returns when it is gone.
func (p *process) kill() {
	if p == nil {
		return
	}
	p.killed.Store(true)
	p.cmd.Process.Kill() // fails only if it has ended already
	<-p.done
}

// poll calls ok every few milliseconds until it returns true. It fails when the process or the context ends.
func (p *process) poll(ctx context.Context, ok func() bool) error {
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.done:
			return fmt.Errorf("i2pd ended: %v: %s", p.err, p.log.lastLine())
		case <-tick.C:
		}
	}
	return nil
}

// hello reports whether a SAM bridge answers on the connection that dial makes.
func hello(ctx context.Context, dial func(context.Context) (net.Conn, error)) bool {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	conn, err := dial(ctx)
	if err != nil {
		return false
	}
	defer conn.Close()
	defer context.AfterFunc(ctx, func() { conn.Close() })()
	if _, err := io.WriteString(conn, "HELLO VERSION MIN=3.1 MAX=3.3\n"); err != nil {
		return false
	}
	reply := make([]byte, 64)
	n, _ := conn.Read(reply)
	return bytes.HasPrefix(reply[:n], []byte("HELLO REPLY RESULT=OK"))
}
