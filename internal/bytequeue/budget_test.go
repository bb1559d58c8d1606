package bytequeue

import (
	"io"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// write starts a Write of n bytes and returns where its error will come.
func write(q *Queue, n int) chan error {
	done := make(chan error, 1)
	go func() {
		_, err := q.Write(make([]byte, n))
		done <- err
	}()
	return done
}

// fill writes to a queue as much as it takes, and goes on when it takes more.
func fill(q *Queue) {
	go func() {
		for {
			room, err := q.Reserve()
			if err != nil {
				return
			}
			q.Commit(len(room))
		}
	}()
}

// TestBudgetIsDivided has queues come one after the other, each of which would
// take all.
func TestBudgetIsDivided(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const total = 64 << 20
		b := NewBudget(total)
		var queues []*Queue
		for range 14 {
			q := New(8<<20, b)
			queues = append(queues, q)
			fill(q)
			synctest.Wait()
		}
		for i, q := range queues[:5] {
			assert.Equal(t, 8<<20, q.Len(), "queue %d has all that it may have", i)
		}
		assert.GreaterOrEqual(t, queues[8].Len(), 1500<<10, "the ninth has a part")
		for i := 6; i < len(queues); i++ {
			assert.Less(t, queues[i].Len(), queues[i-1].Len())
			assert.GreaterOrEqual(t, queues[i].Len(), 256<<10, "queue %d", i)
		}
		assert.LessOrEqual(t, b.Used(), total)

		held := queues[13].Len()
		queues[0].CloseRead()
		synctest.Wait()
		assert.Greater(t, queues[13].Len(), held, "what one gives back others get")
		for _, q := range queues {
			q.CloseRead()
		}
		synctest.Wait()
		assert.Zero(t, b.Used())
		assert.Empty(t, b.waiting)
	})
}

// TestBudgetOfThousands checks that the budget is kept whatever the number of
// queues, and that each gets something.
func TestBudgetOfThousands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const total = 64 << 20
		b := NewBudget(total)
		var queues []*Queue
		for range 4000 {
			q := New(8<<20, b)
			queues = append(queues, q)
			fill(q)
		}
		synctest.Wait()
		assert.LessOrEqual(t, b.Used(), total)
		assert.Greater(t, b.Used(), total*9/10)
		for _, q := range queues {
			require.GreaterOrEqual(t, q.Len(), SmallSize)
			q.CloseRead()
		}
		synctest.Wait()
		assert.Zero(t, b.Used())
	})
}

// TestBudgetStarvesNobody moves bytes while others hold all.
func TestBudgetStarvesNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(0)
		q := New(1<<20, b)
		done := write(q, 100<<10)
		n, err := io.CopyN(io.Discard, io.MultiReader(q), 100<<10)
		require.NoError(t, err)
		assert.EqualValues(t, 100<<10, n)
		require.NoError(t, <-done)
		assert.Zero(t, b.Used())
	})
}

// TestBudgetWaiterLeaves checks that a writer that stops waiting is forgotten.
func TestBudgetWaiterLeaves(t *testing.T) {
	for name, c := range map[string]struct {
		leave func(*Queue)
		err   error
	}{
		"deadline":     {func(q *Queue) { q.SetWriteDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		"read closed":  {func(q *Queue) { q.CloseRead() }, io.ErrClosedPipe},
		"write closed": {func(q *Queue) { q.CloseWrite(nil) }, io.ErrClosedPipe},
		"own drain":    {func(q *Queue) { q.Read(make([]byte, ChunkSize)) }, nil},
		"more memory": {func(q *Queue) {
			b := q.budget
			b.mu.Lock()
			b.total = 16 * ChunkSize
			b.mu.Unlock()
			other := New(0, b)
			b.take(other, false, true)
			b.release(other, SmallSize)
		}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := NewBudget(0)
				q := New(1<<20, b)
				waiter := write(q, SmallSize+1)
				synctest.Wait()
				require.Empty(t, waiter)
				require.Len(t, b.waiting, 1)
				c.leave(q)
				assert.ErrorIs(t, <-waiter, c.err)
				assert.Empty(t, b.waiting)
				q.CloseRead()
				assert.Zero(t, b.Used())
			})
		})
	}
}

// TestReserveOutlivesTheQueue checks that memory that is being read into is not
// given to others, and is given back in the end.
func TestReserveOutlivesTheQueue(t *testing.T) {
	for name, end := range map[string]func(*Queue){
		"read closed":  (*Queue).CloseRead,
		"write closed": func(q *Queue) { q.CloseWrite(nil) },
	} {
		t.Run(name, func(t *testing.T) {
			b := NewBudget(1 << 20)
			q := New(1<<20, b)
			room, err := q.Reserve()
			require.NoError(t, err)
			require.Len(t, room, SmallSize)
			end(q)
			assert.Equal(t, SmallSize, b.Used())
			q.Commit(len(room))
			assert.Zero(t, b.Used())
			assert.Zero(t, q.Len())
			_, err = q.Reserve()
			assert.ErrorIs(t, err, io.ErrClosedPipe)
		})
	}
}

// TestReserveGrows checks that only who has much to say gets much.
func TestReserveGrows(t *testing.T) {
	q := New(1<<20, nil)
	for _, step := range []struct{ room, used int }{
		{SmallSize, 10}, {SmallSize, SmallSize}, {ChunkSize, 100}, {SmallSize, SmallSize}, {ChunkSize, ChunkSize}, {ChunkSize, 0}, {SmallSize, 0},
	} {
		room, err := q.Reserve()
		require.NoError(t, err)
		require.Len(t, room, step.room)
		q.Commit(step.used)
	}
}

func TestNilBudget(t *testing.T) {
	var b *Budget
	assert.Zero(t, b.Used())
	q := New(1<<20, b)
	assert.NoError(t, <-write(q, 1<<20))
	q.CloseRead()
}
