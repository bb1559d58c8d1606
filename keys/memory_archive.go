package keys

import (
	"context"
	"io/fs"
	"slices"
	"time"
)

type kept struct {
	Entry
	id    Identity
	label string
}

// now has no monotonic part, so that it is the same after being written down.
func now() time.Time { return time.Now().UTC().Round(0) }

// List implements [Archive].
func (m *Memory) List(ctx context.Context) ([]Entry, error) {
	if err := ctx.Err(); err != nil {
		return nil, &StoreError{Op: "list", Err: err}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []Entry
	for _, k := range m.ids {
		list = append(list, k.Entry)
	}
	for _, k := range m.retired {
		list = append(list, k.Entry)
	}
	slices.SortFunc(list, Entry.compare)
	return list, nil
}

// do runs an operation on a named identity with the lock held.
func (m *Memory) do(ctx context.Context, op, name string, f func() error) error {
	if !ValidName(name) {
		return &StoreError{Op: op, Err: ErrName}
	}
	if err := ctx.Err(); err != nil {
		return &StoreError{Op: op, Name: name, Err: err}
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := f(); err != nil {
		return &StoreError{Op: op, Name: name, Err: err}
	}
	return nil
}

// Rename implements [Archive].
func (m *Memory) Rename(ctx context.Context, from, to string) error {
	return m.do(ctx, "rename", from, func() error {
		if !ValidName(to) {
			return ErrName
		}
		k, ok := m.ids[from]
		if !ok {
			return fs.ErrNotExist
		}
		if _, taken := m.ids[to]; taken {
			return fs.ErrExist
		}
		delete(m.ids, from)
		k.Name = to
		m.ids[to] = k
		return nil
	})
}

// Replace implements [Archive]. The zero Identity is [ErrMalformed].
func (m *Memory) Replace(ctx context.Context, name string, id Identity) error {
	return m.do(ctx, "replace", name, func() error {
		if id.IsZero() {
			return ErrMalformed
		}
		label := m.ids[name].label
		if err := m.retire(name); err != nil {
			return err
		}
		m.ids[name] = kept{Entry{Name: name, Saved: now()}, id, label}
		return nil
	})
}

// Retire implements [Archive].
func (m *Memory) Retire(ctx context.Context, name string) error {
	return m.do(ctx, "retire", name, func() error { return m.retire(name) })
}

func (m *Memory) retire(name string) error {
	k, ok := m.ids[name]
	if !ok {
		return fs.ErrNotExist
	}
	k.Retired = now()
	if i := m.find(name, time.Time{}); i >= 0 && !k.Retired.After(m.retired[i].Retired) {
		k.Retired = m.retired[i].Retired.Add(1) // later than all, whatever the clock says
	}
	delete(m.ids, name)
	m.retired = append(m.retired, k)
	return nil
}

// find returns the index of a retired identity, of the latest if t is zero, or -1.
func (m *Memory) find(name string, t time.Time) int {
	found := -1
	for i, k := range m.retired {
		if k.Name == name && (t.IsZero() || t.Equal(k.Retired)) &&
			(found < 0 || k.Retired.After(m.retired[found].Retired)) {
			found = i
		}
	}
	return found
}

// Restore implements [Archive].
func (m *Memory) Restore(ctx context.Context, name string, retired time.Time) error {
	return m.do(ctx, "restore", name, func() error {
		i := m.find(name, retired)
		if i < 0 {
			return fs.ErrNotExist
		}
		k := m.retired[i]
		m.retired = slices.Delete(m.retired, i, i+1)
		m.retire(name) // if there is one
		k.Retired = time.Time{}
		m.ids[name] = k
		return nil
	})
}

// LoadRetired implements [Archive].
func (m *Memory) LoadRetired(ctx context.Context, name string, retired time.Time) (id Identity, err error) {
	err = m.do(ctx, "load", name, func() error {
		i := m.find(name, retired)
		if i < 0 {
			return fs.ErrNotExist
		}
		id = m.retired[i].id
		return nil
	})
	return id, err
}

// Purge implements [Archive].
func (m *Memory) Purge(ctx context.Context, name string) error {
	return m.do(ctx, "purge", name, func() error {
		m.retired = slices.DeleteFunc(m.retired, func(k kept) bool { return k.Name == name })
		return nil
	})
}
