package sam

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-i2p/i2psocks/dialer/internal/keeper"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

// control is the control connection of one session: the session lives as long as it does. One
// goroutine reads it from the first answer to the end; lines and datagrams are written one at a time.
type control struct {
	conn     net.Conn
	lines    *bufio.Reader
	received func(line wire.Message, payload []byte) // takes datagrams; nil if none may come
	gap      time.Duration                           // between writes, see profile.frail
	over     context.Context                         // ends with the connection
	cancel   context.CancelCauseFunc

	asking    chan struct{} // holds one token from a command to its answer
	writing   chan struct{} // holds one token while something is written
	lastWrite time.Time     // guarded by writing
	lastLine  atomic.Int64  // when the last line came, since epoch

	mu    sync.Mutex
	calls []*call // whose answers have not come, in the order in which they were sent
}

// call is a command that waits for its answer. One whose caller waits no longer keeps its place, so that a late answer is not
// taken for another's.
type call struct {
	verb, id string // of the answer
	answer   chan wire.Message
	turn     *time.Timer // ends the time in which nothing else is asked
}

// maxTurn is how long one answer may keep other commands waiting. What is sent before an answer is lost on i2pd, but one
// that is so late will not come.
const maxTurn = time.Minute

// newControl takes over a connection behind its HELLO. Reading begins with listen.
func newControl(conn net.Conn, received func(wire.Message, []byte)) *control {
	c := &control{
		conn: conn, lines: bufio.NewReaderSize(conn, wire.MaxReply), received: received,
		asking: make(chan struct{}, 1), writing: make(chan struct{}, 1),
	}
	c.over, c.cancel = context.WithCancelCause(context.Background())
	c.lastLine.Store(int64(time.Since(epoch)))
	return c
}

// end closes the connection, which ends the session. The first cause counts.
func (c *control) end(why error) {
	c.cancel(why)
	c.conn.Close()
}

// heard returns when the router last said something.
func (c *control) heard() time.Time { return epoch.Add(time.Duration(c.lastLine.Load())) }

// call sends a command, when all before it are answered, and returns its answer. That of a command that was given up is
// dropped when it comes.
func (c *control) call(ctx context.Context, m wire.Message) (wire.Message, error) {
	line, err := wire.AppendCommand(nil, m)
	if err != nil {
		return wire.Message{}, err
	}
	if err := c.take(ctx, c.asking); err != nil {
		return wire.Message{}, err
	}
	if err := c.take(ctx, c.writing); err != nil { // so it is not sent, and must not wait for an answer
		<-c.asking
		return wire.Message{}, err
	}
	w := &call{verb: m.Verb, id: m.Get("ID"), answer: make(chan wire.Message, 1)}
	c.mu.Lock()
	w.turn = time.AfterFunc(maxTurn, func() { <-c.asking })
	c.calls = append(c.calls, w)
	c.mu.Unlock()
	if err := c.put(ctx, line); err != nil {
		return wire.Message{}, fmt.Errorf("%s %s: %w", m.Verb, m.Action, err)
	}
	select {
	case reply := <-w.answer:
		return reply, nil
	case <-ctx.Done():
		return wire.Message{}, keeper.ContextError(ctx)
	case <-c.over.Done():
	}
	select {
	case reply := <-w.answer: // the last thing that came
		return reply, nil
	default:
		return wire.Message{}, context.Cause(c.over)
	}
}

// answered gives an answer to the call that it is for, and reports whether there is one. Routers answer in order, so calls
// before that one get none any more. What is no answer at all is for the one that is due.
func (c *control) answered(m wire.Message) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, w := range c.calls {
		if id := m.Get("ID"); w.verb != m.Verb && (m.Verb == "SESSION" || m.Verb == "NAMING") || id != "" && w.id != "" && w.id != id {
			continue
		}
		for _, settled := range c.calls[:i+1] {
			c.endTurn(settled)
		}
		c.calls = c.calls[i+1:]
		w.answer <- m
		return true
	}
	return false
}

// tell sends what has no answer, when all before it are answered.
func (c *control) tell(ctx context.Context, b []byte) error {
	if err := c.take(ctx, c.asking); err != nil {
		return err
	}
	defer func() { <-c.asking }()
	return c.write(ctx, b)
}

// take takes a token, waiting for it while the session lasts.
func (c *control) take(ctx context.Context, token chan struct{}) error {
	select {
	case token <- struct{}{}:
		return nil
	case <-ctx.Done():
		return keeper.ContextError(ctx)
	case <-c.over.Done():
		return context.Cause(c.over)
	}
}

// hurry waits no longer for answers before something else is asked, which Java I2P bears.
func (c *control) hurry() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, w := range c.calls {
		c.endTurn(w)
	}
}

// endTurn lets others ask. The caller holds mu.
func (c *control) endTurn(w *call) {
	if w.turn.Stop() {
		<-c.asking
	}
}

// write sends b in one piece, when nothing else is being sent.
func (c *control) write(ctx context.Context, b []byte) error {
	if err := c.take(ctx, c.writing); err != nil {
		return err
	}
	return c.put(ctx, b)
}

// put sends b for who has taken the token for that. It goes on when ctx ends, since half a line would be the end of
// the session, and holds up what is behind it.
func (c *control) put(ctx context.Context, b []byte) error {
	done := make(chan error, 1)
	go func() {
		defer func() { <-c.writing }()
		sleep(c.over, c.gap-time.Since(c.lastWrite))
		_, err := c.conn.Write(b)
		c.lastWrite = time.Now()
		done <- err
	}()
	select {
	case err := <-done:
		if err == nil {
			return nil
		}
		c.end(down(err))
		return context.Cause(c.over)
	case <-ctx.Done():
		return keeper.ContextError(ctx)
	}
}
