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

func TestBudgetIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(3 * ChunkSize)
		fat, lean, late := New(1<<20, b), New(1<<20, b), New(1<<20, b)
		require.NoError(t, <-write(fat, 3*ChunkSize))
		require.NoError(t, <-write(lean, ChunkSize), "the first chunk is always granted")
		assert.Equal(t, 4*ChunkSize, b.Used())

		first := write(lean, 1)
		synctest.Wait()
		second := write(late, ChunkSize+1)
		synctest.Wait()
		assert.Empty(t, first)
		assert.Empty(t, second)
		assert.Equal(t, ChunkSize, late.Len())

		fat.Read(make([]byte, 2*ChunkSize)) // 5 used - 2: still no more than the total
		synctest.Wait()
		assert.Empty(t, first)
		fat.Read(make([]byte, ChunkSize))
		synctest.Wait()
		assert.NoError(t, <-first, "first come, first served")
		assert.Empty(t, second)
		lean.CloseRead()
		assert.NoError(t, <-second)
		late.CloseRead()
		assert.Zero(t, b.Used())
	})
}

// TestBudgetWaiterLeaves checks that a writer that stops waiting, or that was
// granted a chunk which it does not want any more, holds up nobody.
func TestBudgetWaiterLeaves(t *testing.T) {
	for name, c := range map[string]struct {
		leave func(*Queue)
		err   error
	}{
		"deadline":     {func(q *Queue) { q.SetWriteDeadline(time.Unix(1, 0)) }, os.ErrDeadlineExceeded},
		"read closed":  {func(q *Queue) { q.CloseRead() }, io.ErrClosedPipe},
		"write closed": {func(q *Queue) { q.CloseWrite(nil) }, io.ErrClosedPipe},
		"own drain":    {func(q *Queue) { q.Read(make([]byte, ChunkSize)) }, nil},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				b := NewBudget(2 * ChunkSize)
				fat, gone, next := New(1<<20, b), New(1<<20, b), New(1<<20, b)
				require.NoError(t, <-write(fat, 2*ChunkSize))
				leaver := write(gone, ChunkSize+1)
				synctest.Wait()
				waiter := write(next, ChunkSize+1)
				synctest.Wait()
				c.leave(gone)
				assert.ErrorIs(t, <-leaver, c.err)
				fat.Read(make([]byte, 2*ChunkSize))
				synctest.Wait()
				gone.CloseRead()
				assert.NoError(t, <-waiter)
				next.CloseRead()
				assert.Zero(t, b.Used())
			})
		})
	}
}

func TestBudgetGrantIsPassedOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := NewBudget(3 * ChunkSize)
		fat, gone, next := New(1<<20, b), New(1<<20, b), New(1<<20, b)
		require.NoError(t, <-write(fat, 2*ChunkSize))
		leaver := write(gone, ChunkSize+1)
		synctest.Wait()
		waiter := write(next, ChunkSize+1)
		synctest.Wait()
		gone.mu.Lock()
		gone.wdeadline.expired = true // unnoticed until the grant wakes the writer
		gone.mu.Unlock()
		fat.Read(make([]byte, 2*ChunkSize)) // leaves room for one
		assert.ErrorIs(t, <-leaver, os.ErrDeadlineExceeded)
		assert.NoError(t, <-waiter)
	})
}

func TestNilBudget(t *testing.T) {
	var b *Budget
	assert.Zero(t, b.Used())
	q := New(1<<20, b)
	assert.NoError(t, <-write(q, 1<<20))
	q.CloseRead()
}
