package sam

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"time"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
	"github.com/go-i2p/i2psocks/internal/bound"
)

// Dial is DialContext without a context; DialTimeout bounds it.
func (s *Session) Dial(network, address string) (net.Conn, error) {
	return s.DialContext(context.Background(), network, address)
}

// DialContext opens a stream to "host:port", where the host is a base32 name, a base64 destination, or a name that
// the router knows. network is "tcp", "tcp4", "tcp6" or "i2p", which are equivalent. Only Java I2P sends the port to
// the peer.
//
// On i2pd, DialContext may succeed before the peer has accepted the stream; if it does not, the first read fails.
// Errors are [*net.OpError] that wrap the Err values of package dialer.
func (s *Session) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	to, err := dialer.ParseTarget(network, address)
	if err != nil {
		return nil, dialer.OpError("dial", nil, err)
	}
	ctx, cancel := bound.Context(ctx, s.dialTimeout())
	defer cancel()
	conn, err := s.dial(ctx, to)
	if err != nil {
		return nil, dialer.OpError("dial", to.Addr, explainKey(to.Host, err))
	}
	return conn, nil
}

func (s *Session) dialTimeout() time.Duration { return cmp.Or(s.DialTimeout, DefaultDialTimeout) }

// retries are the pauses after which a dial is tried again whose lease set was not found: a destination that
// has just come up takes a while to be known.
var retries = [...]time.Duration{time.Second, 2 * time.Second, 4 * time.Second}

// dial connects, in a new session if the one at hand turns out to be dead.
func (s *Session) dial(ctx context.Context, to dialer.Target) (net.Conn, error) {
	begin := time.Now()
	for try, deaths := 0, 0; ; {
		l, err := s.await(ctx)
		if err != nil {
			return nil, err
		}
		conn, err := l.connect(ctx, to)
		switch {
		case err == nil:
			return conn, nil
		case isResult(err, "INVALID_ID") || l.ctx.Err() != nil:
			// Dead, whatever its control connection says. A dead session of i2pd does not find lease sets
			// either, but no question tells that from a peer that is gone (see samtest/QUIRKS.md), and what
			// a host dials must not end a healthy session.
			l.kill(err)
			if deaths++; deaths > 2 {
				return nil, err
			}
		case !errors.Is(err, dialer.ErrLeaseSetNotFound) || try == len(retries) || time.Since(begin) > slowLookup:
			return nil, err
		default:
			sleep(ctx, retries[try])
			try++
		}
		if ctx.Err() != nil {
			return nil, err
		}
	}
}

// slowLookup tells a search that the router did itself, several times over, from one it gave up at once.
const slowLookup = 10 * time.Second

// statusOK is the shortest status that opens a stream: what follows it belongs to the stream.
const statusOK = len("STREAM STATUS RESULT=OK\n")

// connect opens a stream in this session.
func (l *live) connect(ctx context.Context, to dialer.Target) (net.Conn, error) {
	ctx, cancel := l.within(ctx)
	defer cancel(nil)
	connect := func(conn net.Conn) error { return l.connectBy(conn, to) }
	conn, err := l.bySpare(ctx, connect)
	if conn == nil && err == nil {
		conn, _, err = l.bridge.openAnd(ctx, cancel, connect)
	}
	if err != nil {
		return nil, err
	}
	if s := l.newStream(conn, to.Addr); s != nil {
		l.makeSpare()
		return s, nil
	}
	return nil, l.over()
}

// connectBy makes a connection to the bridge one to a peer.
func (l *live) connectBy(conn net.Conn, to dialer.Target) error {
	m := wire.Message{Verb: "STREAM", Action: "CONNECT", Params: []wire.Param{{Key: "ID", Value: l.id}, {Key: "DESTINATION", Value: to.Host.String()}}}
	if l.profile.ports {
		m.Params = append(m.Params, wire.Param{Key: "TO_PORT", Value: strconv.Itoa(int(to.Addr.Port))})
	}
	begin := time.Now()
	reply, err := ask(conn, statusOK, m)
	if err == nil {
		err = targetError(reply, to.Host, time.Since(begin))
	}
	if err == nil && reply.Verb != "STREAM" {
		err = fmt.Errorf("%w: answered a connect with %s", dialer.ErrRouter, reply.Verb)
	}
	return err
}

// isResult reports whether err is the router's answer RESULT=result.
func isResult(err error, result string) bool {
	e, ok := errors.AsType[*ResultError](err)
	return ok && e.Result == result
}

// sleep waits for d or for the end of ctx.
func sleep(ctx context.Context, d time.Duration) {
	if d <= 0 {
		return
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}
