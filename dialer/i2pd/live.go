package i2pd

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
)

// live runs one child to its end, and says whether SAM ever answered and why it ended.
func (k *keeper) live(first bool) (wasUp bool, err error) {
	if k.ctx.Err() != nil {
		return false, ErrClosed
	}
	if first {
		p, err := k.adopt()
		if err != nil {
			return false, err
		}
		if p != nil {
			wasUp, err := k.lookAfter(p, first)
			if wasUp || k.ctx.Err() != nil {
				return wasUp, err
			}
			k.port, k.i2cpPort = 0, 0
			k.log.Warn("i2pd that was left running is replaced", "err", err)
		}
	}
	p, err := k.launch()
	if err != nil {
		return false, err
	}
	return k.lookAfter(p, first)
}

// launch starts a child, on the port of the one before.
func (k *keeper) launch() (*process, error) {
	port, err := choosePort(cmp.Or(k.port, k.r.Port))
	if err != nil {
		return nil, err
	}
	i2cp := 0
	if k.i2cp {
		if i2cp, err = chooseI2CP(k.i2cpPort, port); err != nil {
			return nil, err
		}
	}
	started, err := k.asStarted(port, i2cp)
	for name, text := range map[string][]byte{configFile: []byte(configuration(port, i2cp, k.verify)), startFile: started} {
		if err == nil {
			err = os.WriteFile(filepath.Join(k.folder.path, name), text, 0o600)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrDir, err)
	}
	k.port, k.i2cpPort = port, i2cp
	return launch(k.program, k.args, k.folder, k.r.Stay, k.log)
}

// lookAfter does so until the child ends, hangs and is ended, or Close is called, which may leave it.
func (k *keeper) lookAfter(p *process, first bool) (wasUp bool, err error) {
	defer func() {
		if (wasUp || p.taken) && k.leaves() { // one that was left has answered somebody before
			p.leave()
		} else {
			p.stop()
		}
	}()
	k.report(func(s *Status) {
		s.State, s.PID, s.Address = Starting, p.pid, loopback(k.port)
		if k.i2cpPort != 0 {
			s.I2CP = loopback(k.i2cpPort)
		}
		if !first {
			s.Restarts++
		}
	})
	limit := k.r.StartTimeout
	if p.taken {
		limit = max(limit, 0) // what was left may hang
	}
	if err := p.waitSAM(k.ctx, k.port, k.i2cpPort, limit); err != nil {
		return false, err
	}
	k.log.Info("i2pd is up", "pid", p.pid)
	k.report(func(s *Status) { s.State, s.Err = Up, nil })
	return true, k.watch(p)
}

// leaves reports whether the child is to run on, which is so at Close alone.
func (k *keeper) leaves() bool {
	k.r.mu.Lock()
	defer k.r.mu.Unlock()
	return k.r.Stay && k.ctx.Err() != nil && !k.r.ending
}
