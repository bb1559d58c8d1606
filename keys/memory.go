package keys

import (
	"context"
	"io/fs"
	"maps"
	"slices"
	"sync"
)

// Memory is a [Store] that forgets everything with the process, for tests and
// for identities that are meant to be transient. The zero value is empty and
// ready. It must not be copied after first use.
type Memory struct {
	mu  sync.Mutex
	ids map[string]Identity
}

var _ Store = (*Memory)(nil)

// Load implements [Store].
func (m *Memory) Load(ctx context.Context, name string) (Identity, error) {
	if err := begin(ctx, "load", name); err != nil {
		return Identity{}, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	id, ok := m.ids[name]
	if !ok {
		return Identity{}, &StoreError{Op: "load", Name: name, Err: fs.ErrNotExist}
	}
	return id, nil
}

// Save implements [Store]. The zero Identity is [ErrMalformed].
func (m *Memory) Save(ctx context.Context, name string, id Identity) error {
	if err := begin(ctx, "save", name); err != nil {
		return err
	}
	if id.IsZero() {
		return &StoreError{Op: "save", Name: name, Err: ErrMalformed}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, taken := m.ids[name]; taken {
		return &StoreError{Op: "save", Name: name, Err: fs.ErrExist}
	}
	if m.ids == nil {
		m.ids = make(map[string]Identity)
	}
	m.ids[name] = id
	return nil
}

// Delete implements [Store].
func (m *Memory) Delete(ctx context.Context, name string) error {
	if err := begin(ctx, "delete", name); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, ok := m.ids[name]; !ok {
		return &StoreError{Op: "delete", Name: name, Err: fs.ErrNotExist}
	}
	delete(m.ids, name)
	return nil
}

// Names implements [Store].
func (m *Memory) Names(ctx context.Context) ([]string, error) {
	if err := ctx.Err(); err != nil {
		return nil, &StoreError{Op: "names", Err: err}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.ids)), nil
}
