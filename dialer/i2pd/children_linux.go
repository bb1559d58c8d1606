package i2pd

import "sync"

// children are the processes that this one has started to stay, as long as they run: a parent has to wait for the end of each, left
// or not, or it would be a zombie for as long as the parent runs.
var children family

type family struct {
	mu sync.Mutex
	of map[int]*process // by pid
}

func (f *family) add(p *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of == nil {
		f.of = make(map[int]*process)
	}
	f.of[p.pid] = p
}

func (f *family) remove(p *process) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.of[p.pid] == p {
		delete(f.of, p.pid)
	}
}

func (f *family) get(pid int) *process {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.of[pid]
}
