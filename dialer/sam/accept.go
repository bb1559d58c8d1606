package sam

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
)

const (
	// An ACCEPT that the router ends at once is asked for again after a pause, a longer one each time.
	minAcceptPause, maxAcceptPause = 50 * time.Millisecond, 30 * time.Second
	// maxScarcePause is the longest where the fault is this machine's.
	maxScarcePause = time.Second
	// briefAccept is how long an ACCEPT must have waited for its end to be none of the router's faults.
	briefAccept = time.Second
	// peerLine bounds the time from the first byte of the line that announces a peer to its last.
	peerLine = 10 * time.Second
)

// acceptLine is the shortest line that announces a stream: a destination without certificate payload, which has so many bytes.
const (
	shortest   = 387
	acceptLine = 516 + len("\n")
)

// peerFault is a stream that was lost by what its peer is. It costs the others nothing.
type peerFault struct{ error }

func (f peerFault) Unwrap() error { return f.error }

// errRefresh: the ACCEPT has waited long enough.
var errRefresh = errors.New("accept renewed")

// acceptLoop keeps one ACCEPT waiting and hands on what comes, until the session ends. What peers do does not make
// it wait, only what the router does.
func (l *live) acceptLoop(deliver func(*stream, uint16)) {
	var pause time.Duration
	for l.ctx.Err() == nil {
		begin := time.Now()
		s, port, err := l.accept(l.ctx)
		_, peers := errors.AsType[peerFault](err)
		switch {
		case err == nil:
			pause = 0
			deliver(s, port)
			continue
		case isResult(err, "INVALID_ID"):
			l.kill(err)
			return
		case peers:
			pause = 0
			l.session.Logger.Debug("i2p stream lost before it was accepted", "err", err)
			continue
		case errors.Is(err, errRefresh): // pause, or the new one may be there first, and queue behind the old
			pause = minAcceptPause
		case time.Since(begin) >= briefAccept && errors.Is(err, errAcceptEnded):
			pause = 0
			continue
		case isScarce(err):
			pause = min(max(2*pause, minAcceptPause), maxScarcePause)
		default:
			pause = min(max(2*pause, minAcceptPause), maxAcceptPause)
		}
		if l.ctx.Err() == nil {
			l.session.Logger.Debug("i2p accept failed", "err", err, "wait", pause)
			sleep(l.ctx, pause)
		}
	}
}

// errAcceptEnded: the router closed a waiting ACCEPT, as i2pd does now and then.
var errAcceptEnded = errors.New("the router ended the accept")

// accept waits for one stream. port is the one the peer asked for, 0 where the router does not tell.
func (l *live) accept(ctx context.Context) (s *stream, port uint16, err error) {
	conn, err := l.askAccept(ctx)
	l.asked(err)
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			conn.Close()
		}
	}()
	line, err := l.awaitPeer(ctx, conn)
	if err != nil {
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

// asked tells those who wait for it how the router took an ACCEPT, unless that may be the end of the session.
func (l *live) asked(err error) {
	_, refused := errors.AsType[*ResultError](err)
	switch {
	case err == nil:
		l.accepts.report(nil)
	case (refused || isScarce(err)) && !isResult(err, "INVALID_ID"):
		l.session.keep.Note(err)
		l.accepts.report(err)
	}
}

// askAccept returns a connection on which the router has begun to wait for a peer.
func (l *live) askAccept(ctx context.Context) (net.Conn, error) {
	conn, err := l.open(ctx)
	if err != nil {
		return nil, err
	}
	short, cancel := context.WithTimeoutCause(ctx, bridgeTimeout, errNoAnswer)
	defer cancel()
	reply, err := exchange(short, conn, statusOK, command("STREAM", "ACCEPT", "ID", l.id))
	if err == nil {
		err = resultError(reply)
	}
	if err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// awaitPeer returns the line that announces a peer.
func (l *live) awaitPeer(ctx context.Context, conn net.Conn) (line string, err error) {
	if refresh := l.profile.refresh; refresh > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeoutCause(ctx, refresh, errRefresh)
		defer cancel()
	}
	announced := &firstByte{Reader: conn, late: func() { conn.Close() }}
	err = interruptible(ctx, conn, func() error {
		line, err = readLine(announced, acceptLine)
		return err
	})
	switch began := announced.stop(); {
	case err == nil:
	case ctx.Err() != nil:
	case began:
		err = fmt.Errorf("%w: cut off while it announced a peer: %v", dialer.ErrRouter, err)
	default:
		err = fmt.Errorf("%w: %v", errAcceptEnded, err)
	}
	return line, err
}
