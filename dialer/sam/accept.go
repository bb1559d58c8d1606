package sam

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/keys"
)

const (
	// javaAccepts is how many ACCEPTs wait on Java I2P: it refuses a stream that finds none.
	javaAccepts = 8
	// i2pdAccepts: i2pd mishandles a queue of them, but keeps a stream for 10 s until one comes.
	i2pdAccepts = 1
	// i2pdRefresh is how long an ACCEPT may wait on i2pd; only a new one gets a stuck queue going.
	// On Java I2P none may ever be given up: it would still swallow a stream.
	i2pdRefresh = 10 * time.Minute
	// A waiting ACCEPT that ends early is normal, but many in a row must not spin.
	minAcceptPause, maxAcceptPause = 50 * time.Millisecond, 30 * time.Second
)

// acceptLine is the shortest line that announces a stream: a destination without certificate payload.
const acceptLine = 516 + len("\n")

// accepts returns the number of ACCEPTs that a router should have waiting.
func (r router) accepts() int {
	if r.kind == i2pd {
		return i2pdAccepts
	}
	return javaAccepts
}

// acceptLoop keeps one ACCEPT waiting and hands on what comes, until the session ends.
func (l *live) acceptLoop(deliver func(context.Context, *stream, uint16)) {
	ctx := l.ctx
	var pause time.Duration
	for ctx.Err() == nil {
		s, port, err := l.accept(ctx)
		switch {
		case err == nil:
			pause = 0
			deliver(ctx, s, port)
			continue
		case isResult(err, "INVALID_ID"):
			l.kill(err)
			return
		case errors.Is(err, errAcceptEnded) && pause == 0:
			pause = minAcceptPause // the next one goes out at once
			continue
		case errors.Is(err, errRefresh):
			sleep(ctx, minAcceptPause) // or the new one may be there first, and queue behind the old
			continue
		}
		pause = min(max(2*pause, minAcceptPause), maxAcceptPause)
		if ctx.Err() == nil {
			l.session.Logger.Debug("i2p accept failed", "err", err, "wait", pause)
			sleep(ctx, pause)
		}
	}
}

var (
	// errAcceptEnded: the router closed a waiting ACCEPT, as i2pd does now and then.
	errAcceptEnded = errors.New("the router ended the accept")
	// errRefresh: the ACCEPT has waited long enough.
	errRefresh = errors.New("accept renewed")
)

// accept waits for one stream. port is the one the peer asked for, 0 where the router does not tell.
func (l *live) accept(ctx context.Context) (s *stream, port uint16, err error) {
	conn, err := l.open(ctx)
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			conn.Close()
		}
	}()
	short, cancel := context.WithTimeoutCause(ctx, bridgeTimeout, errNoAnswer)
	defer cancel()
	reply, err := exchange(short, conn, statusOK, command("STREAM", "ACCEPT", "ID", l.control.id))
	if err == nil {
		err = resultError(reply)
	}
	if err != nil {
		return nil, 0, err
	}
	l.accepted.Do(func() { close(l.accepting) })
	if l.control.router.kind == i2pd {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, i2pdRefresh, errRefresh)
		defer cancel()
	}
	var line string
	err = interruptible(ctx, conn, func() error {
		line, err = readLine(conn, acceptLine)
		return err
	})
	if err != nil {
		if ctx.Err() == nil {
			err = fmt.Errorf("%w: %v", errAcceptEnded, err)
		}
		return nil, 0, err
	}
	from, port, err := parseAccept(line)
	if err != nil {
		return nil, 0, err
	}
	if s = l.newStream(conn, from); s == nil {
		return nil, 0, dialer.ErrSessionClosed
	}
	s.local.Port = port
	return s, port, nil
}

// parseAccept reads "<destination> [FROM_PORT=n TO_PORT=n]". A status in its place is Java I2P's way to say
// that the accept has failed after all.
func parseAccept(line string) (from dialer.Addr, port uint16, err error) {
	first, rest, _ := strings.Cut(line, " ")
	if first == "STREAM" || first == "SESSION" {
		m, err := parse(line)
		if err == nil {
			err = resultError(m)
		}
		if err == nil {
			err = fmt.Errorf("%w: %q in place of a destination", dialer.ErrRouter, first)
		}
		return from, 0, err
	}
	d, err := keys.ParseDestination(first)
	if err != nil {
		return from, 0, fmt.Errorf("%w: accepted a stream from a malformed destination", dialer.ErrRouter)
	}
	m, err := parse("STREAM ACCEPTED " + rest)
	if err != nil {
		return from, 0, err
	}
	from = dialer.AddrOf(d, portOf(m.Get("FROM_PORT")))
	return from, portOf(m.Get("TO_PORT")), nil
}

func portOf(s string) uint16 {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0
	}
	return uint16(n)
}
