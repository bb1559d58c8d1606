package keys

import (
	"context"
	"io/fs"
	"maps"
	"slices"
	"sync"
)

// Memory is a [Store] and [Archive] in memory, for tests and for transient identities. The zero value is empty and
// ready to use. It must not be copied after first use.
type Memory struct {
	mu      sync.Mutex
	ids     map[string]kept
	retired []kept
}

// Load implements [Store].
func (m *Memory) Load(ctx context.Context, name string) (id Identity, err error) {
	err = m.do(ctx, "load", name, func() error {
		k, ok := m.ids[name]
		if !ok {
			return fs.ErrNotExist
		}
		id = k.id
		return nil
	})
	return id, err
}

// Save implements [Store]. The zero Identity is [ErrMalformed].
func (m *Memory) Save(ctx context.Context, name string, id Identity) error {
	return m.do(ctx, "save", name, func() error {
		if id.IsZero() {
			return ErrMalformed
		}
		if _, taken := m.ids[name]; taken {
			return fs.ErrExist
		}
		if m.ids == nil {
			m.ids = make(map[string]kept)
		}
		m.ids[name] = kept{Entry{Name: name, Saved: now()}, id, ""}
		return nil
	})
}

// Delete implements [Store].
func (m *Memory) Delete(ctx context.Context, name string) error {
	return m.do(ctx, "delete", name, func() error {
		if _, ok := m.ids[name]; !ok {
			return fs.ErrNotExist
		}
		delete(m.ids, name)
		return nil
	})
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
