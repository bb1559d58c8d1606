package etcdkeys

import (
	"context"
	"sync"
)

// turns lets the operations on one name follow each other. The zero value is ready.
type turns struct {
	mu sync.Mutex
	m  map[string]*turn
}

type turn struct {
	taken chan struct{} // holds a value while an operation runs
	users int
}

// take waits for the turn of name; done passes it on.
func (t *turns) take(ctx context.Context, name string) (done func(), err error) {
	t.mu.Lock()
	if t.m == nil {
		t.m = make(map[string]*turn)
	}
	u := t.m[name]
	if u == nil {
		u = &turn{taken: make(chan struct{}, 1)}
		t.m[name] = u
	}
	u.users++
	t.mu.Unlock()
	select {
	case u.taken <- struct{}{}:
		return func() { <-u.taken; t.leave(name, u) }, nil
	case <-ctx.Done():
		t.leave(name, u)
		return nil, ctx.Err()
	}
}

// try is take for those who do not wait.
func (t *turns) try(name string) (done func(), ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.m == nil {
		t.m = make(map[string]*turn)
	}
	if t.m[name] != nil {
		return nil, false
	}
	u := &turn{taken: make(chan struct{}, 1), users: 1}
	u.taken <- struct{}{}
	t.m[name] = u
	return func() { <-u.taken; t.leave(name, u) }, true
}

func (t *turns) leave(name string, u *turn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if u.users--; u.users == 0 {
		delete(t.m, name)
	}
}
