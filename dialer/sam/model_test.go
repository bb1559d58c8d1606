package sam

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// step is one thing that happens in the life of a session.
type step struct {
	what   string
	router int // to which of the two
}

func (s step) String() string { return fmt.Sprintf("%s %d", s.what, s.router) }

var steps = rapid.Custom(func(t *rapid.T) step {
	return step{
		rapid.SampledFrom([]string{
			"dial", "dial", "dial", "listen", "hang up", "packets", "kill", "restart", "restart", "freeze", "thaw", "thaw",
			"refuse", "relent", "expire", "second", "minute", "quarter",
		}).Draw(t, "what"),
		rapid.IntRange(0, 1).Draw(t, "router"),
	}
})

// life is a session on two routers, either of which may be anything, and what a model of it knows.
type life struct {
	routers [2]*samtest.Bridge
	down    [2]bool // killed
	frozen  [2]bool
	refuses [2]bool
	session *Session
	site    string // where it dials
	conns   []net.Conn
	ended   chan error // of reads of conns
	reading int
	kept    bool      // it was up
	healthy time.Time // since when one of the routers can have it; zero if none can
	wrong   []string  // what did not hold
}

// TestModel drives a session through random lives.
func TestModel(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		kind := rapid.SampledFrom(routers).Draw(rt, "kind")
		primary := rapid.Bool().Draw(rt, "primary")
		todo := rapid.SliceOfN(steps, 1, 30).Draw(rt, "steps")
		var wrong []string
		synctest.Test(t, func(t *testing.T) { wrong = liveOnce(t, kind, primary, todo) })
		if len(wrong) > 0 {
			rt.Fatal(wrong)
		}
	})
}

// liveOnce lives one life, and returns what did not hold.
func liveOnce(t *testing.T, kind samtest.Router, primary bool, todo []step) []string {
	nw := samtest.NewNetwork()
	defer nw.Close()
	host := session(t, nw.Start(nil))
	site(t, host, banner)
	l := &life{site: host.Addr().Host + ":80", ended: make(chan error, len(todo)), healthy: time.Now()}
	for i := range l.routers {
		l.routers[i] = nw.Start(&samtest.Bridge{Router: kind})
	}
	l.session = &Session{Address: "127.0.0.1:1", Fallbacks: []string{"127.0.0.1:2"}, Primary: primary}
	l.session.DialBridge = func(ctx context.Context, _, address string) (net.Conn, error) {
		if address == l.session.Address {
			return l.routers[0].Dial(ctx)
		}
		return l.routers[1].Dial(ctx)
	}
	for i, s := range todo {
		l.do(t, s)
		synctest.Wait()
		l.check(fmt.Sprintf("step %d, %v", i, s))
	}
	l.end()
	for i := range l.routers {
		l.routers[i].Thaw()
	}
	host.Close()
	return l.wrong
}

func (l *life) do(t *testing.T, s step) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	r := l.routers[s.router]
	begin := time.Now()
	switch s.what {
	case "dial":
		if conn, err := l.session.DialContext(ctx, "tcp", l.site); err == nil {
			l.conns = append(l.conns, conn)
			l.reading++
			go func() {
				_, err := io.Copy(io.Discard, conn)
				l.ended <- err
			}()
		} else if !isKnown(err) {
			l.fail("a dial failed with %v", err)
		}
	case "listen":
		if ln, err := l.session.Listen(ctx, "tcp", ":80"); err == nil {
			go func() {
				for conn, err := ln.Accept(); err == nil; conn, err = ln.Accept() {
					conn.Close()
				}
			}()
		}
	case "packets":
		if pc, err := l.session.ListenPacket(ctx, "udp", ":0"); err == nil {
			pc.Close()
		}
	case "hang up":
		if len(l.conns) > 0 {
			l.conns[0].Close()
			l.conns = l.conns[1:]
		}
	case "kill":
		r.Kill()
		l.down[s.router], l.frozen[s.router] = true, false
	case "restart":
		if l.down[s.router] {
			r.Restart()
			l.down[s.router] = false
		}
	case "freeze":
		if !l.down[s.router] {
			r.Freeze()
			l.frozen[s.router] = true
		}
	case "thaw":
		r.Thaw()
		l.frozen[s.router] = false
	case "refuse":
		r.Inject(samtest.Fault{On: "SESSION CREATE", Times: -1, Result: "I2P_ERROR"})
		l.refuses[s.router] = true
	case "relent":
		r.ClearFaults()
		l.refuses[s.router] = false
	case "expire":
		for _, x := range r.Sessions() {
			r.CloseSession(x.ID)
		}
	case "second":
		time.Sleep(time.Second)
	case "minute":
		time.Sleep(time.Minute)
	case "quarter":
		time.Sleep(15 * time.Minute)
	}
	if took := time.Since(begin); took > 15*time.Minute {
		l.fail("%v took %v", s, took)
	}
	if s.what == "dial" || s.what == "minute" || s.what == "quarter" || s.what == "second" {
		return // nothing about the routers has changed
	}
	l.healthy = time.Time{}
	for i := range l.routers {
		if !l.down[i] && !l.frozen[i] && !l.refuses[i] {
			l.healthy = time.Now()
		}
	}
}

func isKnown(err error) bool {
	for _, known := range []error{dialer.ErrRouterDown, dialer.ErrRouter, dialer.ErrTimeout, dialer.ErrLeaseSetNotFound, dialer.ErrIdentityInUse} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func (l *life) fail(format string, args ...any) {
	l.wrong = append(l.wrong, fmt.Sprintf(format, args...))
}

// homes returns how many of the routers that run have the identity.
func (l *life) homes() (n int) {
	for i, r := range l.routers {
		if l.down[i] || l.frozen[i] {
			continue
		}
		for _, x := range r.Sessions() {
			// A subsession that its PRIMARY session left behind on Java I2P when the connection was lost has no tunnels.
			if x.Destination == l.session.Addr().Destination && x.Options["inbound.length"] != "" {
				n++
				break
			}
		}
	}
	return n
}

// check says what must hold at any time.
func (l *life) check(when string) {
	st := l.session.Status()
	l.kept = l.kept || st.State == dialer.Up
	age := time.Since(st.Since)
	if l.homes() > 1 {
		l.fail("%s: the identity is on two routers", when)
	}
	if st.State != dialer.Up && age > drainGrace+closeGrace && st.Streams > 0 {
		l.fail("%s: %v for %v with %d streams", when, st.State, age, st.Streams)
	}
	calm := time.Since(l.healthy)
	switch {
	case l.healthy.IsZero() || calm < 14*time.Minute:
	case st.State == dialer.Up && l.homes() == 0:
		l.fail("%s: up, on no router", when)
	case l.kept && st.State != dialer.Up:
		l.fail("%s: %v for %v, though a router could have it for %v: %v", when, st.State, age, calm, st.Err)
	}
}

// end closes the session, and says what must hold then.
func (l *life) end() {
	begin := time.Now()
	l.session.Close()
	if took := time.Since(begin); took > 30*time.Second {
		l.fail("Close took %v", took)
	}
	synctest.Wait()
	if st := l.session.Status(); st.State != dialer.Closed || st.Streams != 0 {
		l.fail("after Close: %v, %d streams", st.State, st.Streams)
	}
	if l.homes() > 0 {
		l.fail("after Close: a router has the identity")
	}
	for range l.reading {
		select {
		case <-l.ended:
		default:
			l.fail("after Close: a read goes on")
			return
		}
	}
}
