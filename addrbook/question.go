package addrbook

import (
	"context"
	"errors"
	"time"
)

// maxQuestions bounds the questions to the router that go on at a time.
const maxQuestions = 512

// errQuestions: who asks for names and leaves at once must not fill the memory.
var errQuestions = errors.New("too many questions at a time")

// question is one to the router. What it answers is set before done is closed.
type question struct {
	done chan struct{}
	addr Address
	err  error
}

// askRouter asks once for all who wait for the same name. The question goes on
// when they leave, since its answer is kept, and it is nobody's own: what the context
// of the first one carries, such as an identity, is no business of the others'.
func (b *Book) askRouter(ctx context.Context, name string) (Address, error) {
	b.mu.Lock()
	if a, ok := b.cache.get(name); ok && time.Now().Before(a.until) {
		b.mu.Unlock()
		return a.addr, a.err
	}
	q := b.questions[name]
	if q == nil && len(b.questions) < maxQuestions {
		q = &question{done: make(chan struct{})}
		if b.questions == nil {
			b.questions = make(map[string]*question)
		}
		b.questions[name] = q
		go b.answer(name, q)
	}
	b.mu.Unlock()
	if q == nil {
		return Address{}, &SourceError{routerName, errQuestions}
	}
	select {
	case <-q.done:
		return q.addr, q.err
	case <-ctx.Done():
		return Address{}, context.Cause(ctx)
	}
}

func (b *Book) answer(name string, q *question) {
	ctx, cancel := context.WithTimeout(context.Background(), orDefault(b.Timeout, 30*time.Second))
	defer cancel()
	q.addr, q.err = b.ask(ctx, name)
	b.mu.Lock()
	delete(b.questions, name)
	b.mu.Unlock()
	close(q.done)
}
