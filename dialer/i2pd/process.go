package i2pd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"time"
)

// process is one run of i2pd.
type process struct {
	proc  *os.Process
	group bool // it was started here, and leads a process group of its own, which lasts until it was waited for
	taken bool // it was left by an earlier Router
	out   *output
	pid   int
	done  chan struct{} // closed when it has ended and been waited for
	err   error         // how it ended; valid after done
	leave func()        // lets it run on by itself; nil for one that ends with the host
}

const (
	stopGrace = 5 * time.Second // i2pd takes about a second to end
	pollEvery = 20 * time.Millisecond
)

// findProgram returns the absolute path of i2pd.
func findProgram(path string) (string, error) {
	if path == "" {
		path = "i2pd"
	}
	found, err := exec.LookPath(path)
	if err == nil {
		found, err = filepath.Abs(found)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return found, nil
}

// launch starts i2pd, which ends with the host or stays.
func launch(program string, args []string, f *folder, stay bool, log *slog.Logger) (*process, error) {
	lock, err := f.lockChild()
	if err != nil {
		return nil, err
	}
	defer lock.Close() // the child has it
	cmd := exec.Command(program, args...)
	cmd.Dir = f.path
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + f.path}
	if lock != nil {
		cmd.ExtraFiles = []*os.File{lock} // a child that outlives the host keeps the folder locked
	}
	p := &process{group: true, out: &output{log: log}, done: make(chan struct{})}
	if stay {
		err = p.startStaying(cmd)
	} else {
		err = p.startEnding(cmd)
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	return p, nil
}

// startEnding starts a child that ends with the host. The kernel, where it can, watches the thread that started the child
// rather than the whole host: that thread is kept for the child's life.
func (p *process) startEnding(cmd *exec.Cmd) error {
	cmd.Stdout, cmd.Stderr = p.out, p.out
	cmd.WaitDelay = time.Second
	prepare(cmd)
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := cmd.Start()
		started <- err
		if err == nil {
			p.err = cmd.Wait()
			close(p.done)
		}
	}()
	if err := <-started; err != nil {
		return err
	}
	p.proc, p.pid = cmd.Process, cmd.Process.Pid
	return nil
}

// waitSAM waits until the child's SAM bridge answers, and until it listens for I2CP unless that port is 0.
func (p *process) waitSAM(ctx context.Context, port, i2cp int, limit time.Duration) error {
	if limit == 0 {
		limit = DefaultStartTimeout
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, ErrNoSAM)
		defer cancel()
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if p.hello(ctx, port, helloTimeout) == nil && (i2cp == 0 || p.listens(ctx, i2cp)) {
			err := p.owns(port)
			if err == nil && i2cp != 0 {
				err = p.owns(i2cp)
			}
			if !errors.Is(err, fs.ErrNotExist) { // else the child is gone
				return err
			}
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-p.done:
			return p.exitError()
		case <-tick.C:
		}
	}
}

// stop ends the child and returns when it is gone.
func (p *process) stop() {
	p.terminate()
	timer := time.NewTimer(stopGrace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.kill()
		<-p.done
	}
}

// exitError says how the child ended. It is valid after done.
func (p *process) exitError() error {
	err := p.err
	if errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	return &ExitError{Err: err, Output: p.out.lastLine()}
}
