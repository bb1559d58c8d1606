package bytequeue

// Reserve returns room for the writer to read into, and waits while there is
// none, as Write does. It is small until one was filled. The caller must not
// use it after the next call of Commit, which must follow, whatever became of
// the queue meanwhile.
func (q *Queue) Reserve() ([]byte, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for {
		if err := q.writeErr(); err != nil {
			q.budget.leave(q)
			return nil, err
		}
		room := q.limit - q.size
		if room > 0 {
			if size := q.budget.take(q, q.busy && room > SmallSize, q.head == nil); size > 0 {
				q.spare = newChunk(size)
				return q.spare.buf[:min(size, room)], nil
			}
		}
		q.writable.Wait()
	}
}

// Commit appends the first n bytes of what Reserve returned and gives back the
// rest.
func (q *Queue) Commit(n int) {
	q.mu.Lock()
	c := q.spare
	q.spare = nil
	q.busy = n == len(c.buf)
	c.w = n
	n = c.w
	if q.rclosed || q.werr != nil {
		n = 0
	}
	switch {
	case n == 0:
	case q.tail != nil && q.tail.room() >= n:
		q.tail.write(c.bytes())
	default:
		q.push(c)
		c = nil
	}
	q.size += n
	filled, freed := n > 0 && q.size == n, 0
	if c != nil {
		freed = c.free()
	}
	q.readable.Broadcast()
	q.mu.Unlock()
	q.budget.release(q, freed)
	if filled && q.OnFill != nil {
		q.OnFill()
	}
}
