package bytequeue

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// TestModel drives a queue with random steps that cannot block and compares it
// with a plain slice.
func TestModel(t *testing.T) {
	for seed := range 50 {
		random := rand.NewChaCha8([32]byte{byte(seed)})
		rnd := rand.New(random)
		budget := NewBudget(32 * ChunkSize)
		limit := 1 + rnd.IntN(4*ChunkSize)
		q := New(limit, budget)
		var model []byte
		for range 400 {
			switch rnd.IntN(5) {
			case 4:
				if len(model) == limit {
					continue
				}
				room, err := q.Reserve()
				require.NoError(t, err)
				require.NotEmpty(t, room)
				p := room[:rnd.IntN(len(room)+1)]
				random.Read(p)
				model = append(model, p...)
				q.Commit(len(p))
			case 0, 1:
				p := make([]byte, rnd.IntN(limit-len(model)+1))
				random.Read(p)
				n, err := q.Write(p)
				require.NoError(t, err)
				require.Equal(t, len(p), n)
				model = append(model, p...)
			case 2:
				if len(model) == 0 {
					continue
				}
				p := make([]byte, 1+rnd.IntN(2*ChunkSize))
				n, err := q.Read(p)
				require.NoError(t, err)
				require.Equal(t, min(len(p), len(model)), n, "a read takes all there is")
				require.True(t, bytes.Equal(model[:n], p[:n]))
				model = model[n:]
			case 3:
				p := q.Peek()
				require.True(t, bytes.HasPrefix(model, p))
				require.Equal(t, len(model) == 0, len(p) == 0)
				n := rnd.IntN(len(p) + 1)
				model = model[n:]
				require.Equal(t, len(model), q.Discard(n))
			}
			require.Equal(t, len(model), q.Len())
			require.Equal(t, len(model) == 0, budget.Used() == 0, "empty holds nothing")
			require.GreaterOrEqual(t, budget.Used(), len(model))
			require.LessOrEqual(t, budget.Used(), 2*len(model)+2*ChunkSize, "what is small is packed")
		}
		q.CloseRead()
		require.Zero(t, budget.Used())
	}
}

func TestConcurrentStreamIsWhole(t *testing.T) {
	for _, limit := range []int{1, 100, ChunkSize, 3*ChunkSize + 7, 1 << 20} {
		budget := NewBudget(4 * ChunkSize)
		q := New(limit, budget)
		size := min(8<<20, limit*2000)
		sent := sha256.New()
		go func() {
			random := rand.NewChaCha8([32]byte{1})
			rnd := rand.New(random)
			for left := size; left > 0; {
				p := make([]byte, min(left, 1+rnd.IntN(40000)))
				random.Read(p)
				sent.Write(p)
				q.Write(p)
				left -= len(p)
			}
			q.CloseWrite(nil)
		}()
		got := sha256.New()
		n, err := io.Copy(got, io.MultiReader(q)) // MultiReader: plain Reads only
		require.NoError(t, err)
		assert.EqualValues(t, size, n)
		assert.Equal(t, sent.Sum(nil), got.Sum(nil), "limit %d", limit)
		assert.Zero(t, budget.Used())
	}
}

func TestEnds(t *testing.T) {
	broken := errors.New("broken")
	for name, c := range map[string]struct {
		end      func(*Queue)
		read     string // what is still delivered
		readErr  error
		writeErr error
	}{
		"write closed":               {func(q *Queue) { q.CloseWrite(nil) }, "rest", io.EOF, io.ErrClosedPipe},
		"write closed with an error": {func(q *Queue) { q.CloseWrite(broken) }, "rest", broken, io.ErrClosedPipe},
		"the first end counts":       {func(q *Queue) { q.CloseWrite(broken); q.CloseWrite(nil) }, "rest", broken, io.ErrClosedPipe},
		"read closed":                {func(q *Queue) { q.CloseRead() }, "", io.ErrClosedPipe, io.ErrClosedPipe},
		"both closed":                {func(q *Queue) { q.CloseWrite(nil); q.CloseRead() }, "", io.ErrClosedPipe, io.ErrClosedPipe},
	} {
		t.Run(name, func(t *testing.T) {
			q := New(100, nil)
			_, err := q.Write([]byte("rest"))
			require.NoError(t, err)
			c.end(q)
			_, err = q.Write([]byte("x"))
			assert.ErrorIs(t, err, c.writeErr)
			_, err = q.Write(nil)
			assert.ErrorIs(t, err, c.writeErr)
			var got bytes.Buffer
			for err = nil; err == nil; {
				p := make([]byte, 3)
				var n int
				n, err = q.Read(p)
				got.Write(p[:n])
			}
			assert.Equal(t, c.read, got.String())
			assert.ErrorIs(t, err, c.readErr)
			assert.Zero(t, q.Discard(len(q.Peek())))
		})
	}
}

// TestWakes has one side blocked and checks what ends the wait, and when.
func TestWakes(t *testing.T) {
	past, soon := time.Unix(1, 0), func() time.Time { return time.Now().Add(time.Minute) }
	for name, c := range map[string]struct {
		full bool // a writer waits on a full queue; else a reader on an empty one
		wake func(*Queue)
		err  error
		in   time.Duration
	}{
		"reader, bytes":          {false, func(q *Queue) { q.Write([]byte("x")) }, nil, 0},
		"reader, end":            {false, func(q *Queue) { q.CloseWrite(nil) }, io.EOF, 0},
		"reader, close":          {false, func(q *Queue) { q.CloseRead() }, io.ErrClosedPipe, 0},
		"reader, past deadline":  {false, func(q *Queue) { q.SetReadDeadline(past) }, os.ErrDeadlineExceeded, 0},
		"reader, later deadline": {false, func(q *Queue) { q.SetReadDeadline(soon()) }, os.ErrDeadlineExceeded, time.Minute},
		"reader, moved deadline": {false, func(q *Queue) {
			q.SetReadDeadline(soon())
			q.SetReadDeadline(soon().Add(time.Minute))
		}, os.ErrDeadlineExceeded, 2 * time.Minute},
		"writer, room":           {true, func(q *Queue) { q.Discard(1) }, nil, 0},
		"writer, end":            {true, func(q *Queue) { q.CloseWrite(nil) }, io.ErrClosedPipe, 0},
		"writer, close":          {true, func(q *Queue) { q.CloseRead() }, io.ErrClosedPipe, 0},
		"writer, past deadline":  {true, func(q *Queue) { q.SetWriteDeadline(past) }, os.ErrDeadlineExceeded, 0},
		"writer, later deadline": {true, func(q *Queue) { q.SetWriteDeadline(soon()) }, os.ErrDeadlineExceeded, time.Minute},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				q := New(4, nil)
				start := time.Now()
				done := make(chan error, 1)
				go func() {
					var err error
					if c.full {
						q.Write([]byte("full"))
						_, err = q.Write([]byte("x"))
					} else {
						_, err = q.Read(make([]byte, 1))
					}
					done <- err
				}()
				synctest.Wait()
				require.Empty(t, done, "it waits")
				c.wake(q)
				assert.ErrorIs(t, <-done, c.err)
				assert.Equal(t, c.in, time.Since(start))
			})
		})
	}
}

func TestDeadlineIsUsableAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := New(4, nil)
		q.SetReadDeadline(time.Now().Add(time.Second))
		q.SetWriteDeadline(time.Now().Add(time.Second))
		n, err := q.Write([]byte("12345"))
		assert.Equal(t, 4, n, "what went in before counts")
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		_, err = q.Write(nil)
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
		synctest.Wait() // both timers are for this instant
		_, err = q.Read(make([]byte, 4))
		assert.ErrorIs(t, err, os.ErrDeadlineExceeded, "also with bytes waiting")

		q.SetReadDeadline(time.Time{})
		q.SetWriteDeadline(time.Now().Add(time.Hour))
		p := make([]byte, 9)
		n, err = q.Read(p)
		require.NoError(t, err)
		assert.Equal(t, "1234", string(p[:n]))
		n, err = q.Write([]byte("5"))
		require.NoError(t, err)
		assert.Equal(t, 1, n)
		q.SetWriteDeadline(time.Time{})
		time.Sleep(2 * time.Hour)
		_, err = q.Write([]byte("6"))
		assert.NoError(t, err, "a removed deadline does not fire")
	})
}

// TestOnFill checks that a reader that exists only while there are bytes, as
// OnFill and Discard allow, misses none.
func TestOnFill(t *testing.T) {
	q := New(ChunkSize+100, nil)
	var got bytes.Buffer
	var started int
	drained := make(chan struct{}, 1000)
	q.OnFill = func() {
		started++
		go func() {
			defer func() { drained <- struct{}{} }()
			for left := 1; left > 0; {
				p := q.Peek()
				got.Write(p)
				left = q.Discard(len(p))
			}
		}()
	}
	var want bytes.Buffer
	for i := range 200 {
		p := bytes.Repeat([]byte{byte(i)}, i*300)
		want.Write(p)
		n, err := q.Write(p)
		require.NoError(t, err)
		require.Equal(t, len(p), n)
	}
	for range started {
		<-drained
	}
	assert.Zero(t, q.Len())
	assert.True(t, bytes.Equal(want.Bytes(), got.Bytes()))
}

func BenchmarkWriteRead(b *testing.B) {
	q, p := New(1<<20, NewBudget(1<<20)), make([]byte, ChunkSize)
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		q.Write(p)
		q.Read(p)
	}
}

// BenchmarkReserveRead is the same without the copy.
func BenchmarkReserveRead(b *testing.B) {
	q, p := New(1<<20, NewBudget(1<<20)), make([]byte, ChunkSize)
	q.busy = true
	b.SetBytes(int64(len(p)))
	b.ReportAllocs()
	for b.Loop() {
		room, _ := q.Reserve()
		q.Commit(len(room))
		q.Read(p)
	}
}
