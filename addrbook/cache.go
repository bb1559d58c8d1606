package addrbook

import (
	"container/list"
	"time"
)

// answer is what a Book was told of a name, and until when it is used.
type answer struct {
	addr  Address
	err   error
	until time.Time
}

// cache holds a bounded number of answers. The zero value is empty. The Book guards
// it. It may forget anything: what must not be forgotten is a pin.
type cache struct {
	items map[string]*list.Element
	order list.List // of *item, the one used last in front
}

type item struct {
	name string
	answer
}

func (c *cache) get(name string) (answer, bool) {
	e, ok := c.items[name]
	if !ok {
		return answer{}, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*item).answer, true
}

func (c *cache) put(name string, a answer, size int) {
	c.drop(name)
	if c.items == nil {
		c.items = make(map[string]*list.Element)
	}
	c.items[name] = c.order.PushFront(&item{name, a})
	for len(c.items) > size {
		c.drop(c.order.Back().Value.(*item).name)
	}
}

func (c *cache) drop(name string) {
	if e, ok := c.items[name]; ok {
		c.order.Remove(e)
		delete(c.items, name)
	}
}
