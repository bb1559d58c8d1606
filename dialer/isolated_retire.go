package dialer

import "time"

// sweeps is how often in the time Idle the backends are looked at.
const sweeps = 8

// retire takes an entry out of use and closes its backend in the background. The caller holds mu.
func (i *Isolated) retire(e *entry) {
	e.retired = true
	if i.entries[e.key] == e {
		delete(i.entries, e.key)
	}
	i.closing[e] = struct{}{}
	e.cancel()
	i.done.Go(func() {
		<-e.ready
		var err error
		if e.err == nil {
			err = e.backend.Close()
			i.freeSlot()
		}
		i.forget(e, err)
		if err != nil {
			i.Logger.Warn("isolated backend not closed well", "err", err)
		}
	})
}

// forget notes that a retired backend is gone.
func (i *Isolated) forget(e *entry, err error) {
	i.mu.Lock()
	defer i.mu.Unlock()
	delete(i.closing, e)
	close(e.gone)
	if err != nil && i.closed {
		i.errs = append(i.errs, err)
	}
	i.refill()
}

// refill makes spares as far as there is room. The caller holds mu.
func (i *Isolated) refill() {
	for !i.closed && len(i.entries) > 0 && len(i.spares) < i.Spares {
		i.spares = append(i.spares, i.start(""))
	}
}

// dropSpares retires all spares. The caller holds mu.
func (i *Isolated) dropSpares() {
	for _, e := range i.spares {
		i.retire(e)
	}
	i.spares = nil
}

// watch makes sure that idle backends are looked for. The caller holds mu.
func (i *Isolated) watch() {
	if i.timer == nil && i.idle() > 0 {
		i.timer = time.AfterFunc(i.idle()/sweeps, i.sweep)
	}
}

// sweep retires what was idle for long, and the spares with the last of all.
func (i *Isolated) sweep() {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.timer = nil
	if i.closed {
		return
	}
	now := time.Now()
	for _, e := range i.entries {
		switch {
		case e.busy():
			e.used = now
		case now.Sub(e.used) >= i.idle():
			i.done.Go(func() { i.Logger.Debug("isolated backend idle") }) // not while mu is held
			i.retire(e)
		}
	}
	if len(i.entries) == 0 {
		i.dropSpares()
		return
	}
	i.watch()
}
