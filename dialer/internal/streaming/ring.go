package streaming

// ring is a queue that grows by doubling, and holds no memory when it was emptied by drop.
type ring[T any] struct {
	items []T // its length is a power of two, or 0
	head  int
	n     int
}

func (r *ring[T]) len() int { return r.n }

// at returns the place of the item i from the front.
func (r *ring[T]) at(i int) *T { return &r.items[(r.head+i)&(len(r.items)-1)] }

func (r *ring[T]) push(v T) {
	if r.n == len(r.items) {
		grown := make([]T, max(4, 2*len(r.items)))
		for i := range r.n {
			grown[i] = *r.at(i)
		}
		r.items, r.head = grown, 0
	}
	r.n++
	*r.at(r.n - 1) = v
}

func (r *ring[T]) pop() (v T) {
	var zero T
	v, *r.at(0) = *r.at(0), zero
	r.head = (r.head + 1) & (len(r.items) - 1)
	r.n--
	return v
}

func (r *ring[T]) popBack() (v T) {
	var zero T
	v, *r.at(r.n - 1) = *r.at(r.n - 1), zero
	r.n--
	return v
}

// drop frees the memory of an empty ring.
func (r *ring[T]) drop() {
	if r.n == 0 {
		r.items, r.head = nil, 0
	}
}
