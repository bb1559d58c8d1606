package addrbook

import (
	"container/list"
	"time"

	"github.com/go-i2p/i2psocks/keys"
)

// answer is what a Book remembers of a name: until when which destination or error
// is the answer, and beyond that time which destination must not be replaced.
type answer struct {
	dest  keys.Destination
	err   error
	until time.Time
	pin   keys.Destination
}

// memory holds a bounded number of answers. The zero value is empty. The Book
// guards it.
type memory struct {
	items map[string]*list.Element
	order list.List // of *item, the one used last in front
}

type item struct {
	name string
	answer
}

func (m *memory) get(name string) (answer, bool) {
	e, ok := m.items[name]
	if !ok {
		return answer{}, false
	}
	m.order.MoveToFront(e)
	return e.Value.(*item).answer, true
}

func (m *memory) put(name string, a answer, size int) {
	if e, ok := m.items[name]; ok {
		e.Value.(*item).answer = a
		m.order.MoveToFront(e)
		return
	}
	if m.items == nil {
		m.items = make(map[string]*list.Element)
	}
	m.items[name] = m.order.PushFront(&item{name, a})
	for len(m.items) > size {
		m.drop(m.order.Back().Value.(*item).name)
	}
}

func (m *memory) drop(name string) {
	if e, ok := m.items[name]; ok {
		m.order.Remove(e)
		delete(m.items, name)
	}
}
