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
	cmd  *exec.Cmd
	out  *output
	pid  int
	done chan struct{} // closed when it has ended and been waited for
	err  error         // how it ended; valid after done
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

// launch starts i2pd. The kernel, where it can, watches the thread that started the child rather
// than the whole host: that thread is kept for the child's life.
func launch(program string, args []string, f *folder, log *slog.Logger) (*process, error) {
	cmd := exec.Command(program, args...)
	cmd.Dir = f.path
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + f.path}
	p := &process{cmd: cmd, out: &output{log: log}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.out, p.out
	cmd.WaitDelay = time.Second
	if f.lock != nil {
		cmd.ExtraFiles = []*os.File{f.lock} // a child that outlives the host keeps the folder locked
	}
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
		return nil, fmt.Errorf("%w: %w", ErrNotFound, err)
	}
	p.pid = cmd.Process.Pid
	return p, nil
}

// waitSAM waits until the child's SAM bridge answers.
func (p *process) waitSAM(ctx context.Context, port int, limit time.Duration) error {
	if limit == 0 {
		limit = defaultStartTimeout
	}
	if limit > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, limit, ErrNoSAM)
		defer cancel()
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		if p.hello(ctx, port, helloTimeout) == nil {
			if err := p.owns(port); !errors.Is(err, fs.ErrNotExist) { // else the child is gone
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
	terminate(p.cmd.Process)
	timer := time.NewTimer(stopGrace)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		kill(p.cmd.Process)
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
