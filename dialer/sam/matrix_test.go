package sam

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// points are what a bridge is asked or says in the life of a session.
var points = []string{
	"HELLO VERSION", "SESSION CREATE", "NAMING LOOKUP", "SESSION ADD", "SESSION REMOVE", "STREAM CONNECT", "STREAM ACCEPT", "STREAM ACCEPTED", "",
}

// troubles are what becomes of a bridge at a point, from then on.
var troubles = map[string]func(b *samtest.Bridge, on string){
	"never answers": injects(samtest.Fault{Delay: forever}),
	"answers late":  injects(samtest.Fault{Late: bridgeTimeout + 5*time.Second}),
	"answer lost":   injects(samtest.Fault{CloseAfter: samtest.BeforeReply, Stall: true}),
	"half a line":   injects(samtest.Fault{CloseAfter: samtest.MidLine, Stall: true}),
	"cut":           injects(samtest.Fault{CloseAfter: samtest.MidLine}),
	"reset":         injects(samtest.Fault{CloseAfter: samtest.BeforeReply, Reset: true}),
	"deaf":          injects(samtest.Fault{Deaf: true}),
	"endless line":  injects(samtest.Fault{Endless: true}),
	"garbage":       injects(samtest.Fault{Raw: []byte("\x00\xff what?\n\n")}),
	"refuses":       injects(samtest.Fault{Result: "I2P_ERROR", Message: "no"}),
	"frozen":        func(b *samtest.Bridge, _ string) { b.Freeze() },
}

func injects(f samtest.Fault) func(*samtest.Bridge, string) {
	return func(b *samtest.Bridge, on string) {
		f.On, f.Times = on, -1
		b.Inject(f)
	}
}

// TestMatrix: whatever becomes of whichever router at whichever point, before a session is up or after, all that is asked of it
// ends in time, its Status is true, it works again when the router does, and Close ends it.
func TestMatrix(t *testing.T) {
	for _, kind := range []samtest.Router{samtest.Instant, samtest.Java, samtest.I2PD256, samtest.I2PD259} {
		for name, trouble := range troubles {
			for _, point := range points {
				for _, up := range []bool{false, true} {
					if name == "frozen" && point != "" || name == "endless line" && point == "STREAM ACCEPT" {
						continue // the same everywhere, and much to read in twenty minutes: see TestAccept
					}
					t.Run(kind.String()+"/"+name+"/"+point, func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							nw := samtest.NewNetwork()
							defer nw.Close()
							testTrouble(t, nw, kind, up, name == "deaf", func(b *samtest.Bridge) { trouble(b, point) })
						})
					})
				}
			}
		}
	}
}

func testTrouble(t *testing.T, nw *samtest.Network, kind samtest.Router, up bool, deaf bool, trouble func(*samtest.Bridge)) {
	a := nw.Start(&samtest.Bridge{Router: kind})
	host, s := session(t, nw.Start(nil)), session(t, a)
	site(t, host, banner)
	s.Primary = true
	var conn net.Conn
	ended := make(chan error, 1)
	if up {
		site(t, s, banner)
		var err error
		conn, err = s.DialContext(t.Context(), "tcp", host.Addr().Host+":80")
		require.NoError(t, err)
		go func() {
			_, err := io.Copy(io.Discard, conn)
			ended <- err
		}()
	}
	trouble(a)
	useAll(t, s, host)
	time.Sleep(10 * time.Minute)
	st := s.Status()
	if st.State == dialer.Up {
		assert.NotEmpty(t, a.Sessions(), "up, but not there: %v", st)
	} else {
		assert.Error(t, st.Err)
		assert.Zero(t, st.Streams)
		select {
		case err := <-ended:
			assert.True(t, up, "%v", err)
		default:
			assert.False(t, up, "a stream has outlived its session")
		}
	}
	a.Thaw()
	a.ClearFaults()
	time.Sleep(createTimeout + 2*time.Minute) // for those that wait for an answer
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if s.Up(ctx) != nil && errors.Is(s.Status().Err, dialer.ErrIdentityInUse) { // a connection of the router's is stuck for good
		a.Kill()
		require.NoError(t, a.Restart())
	}
	assert.Less(t, visitOnce(t, s, host), time.Minute)
	begin := time.Now()
	require.NoError(t, s.Close())
	assert.LessOrEqual(t, time.Since(begin), 20*time.Second)
	assert.Zero(t, s.Status().Streams)
	synctest.Wait()
	for _, x := range a.Sessions() {
		assert.True(t, deaf || x.Options["inbound.length"] == "", "left on the router: %v", x) // subsessions alone are nothing
	}
}

// useAll asks for everything, each for a minute at most.
func useAll(t *testing.T, s, host *Session) {
	for what, ask := range map[string]func(context.Context) error{
		"up":     s.Up,
		"lookup": func(ctx context.Context) error { _, err := s.Lookup(ctx, "some.i2p"); return err },
		"dial": func(ctx context.Context) error {
			conn, err := s.DialContext(ctx, "tcp", host.Addr().Host+":80")
			if err == nil {
				conn.Close()
			}
			return err
		},
		"listen": func(ctx context.Context) error {
			ln, err := s.Listen(ctx, "tcp", ":81")
			if err == nil {
				ln.Close()
			}
			return err
		},
		"packets": func(ctx context.Context) error {
			p, err := s.ListenPacket(ctx, "udp", ":0")
			if err == nil {
				p.Close()
			}
			return err
		},
	} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		begin := time.Now()
		err := ask(ctx)
		assert.LessOrEqual(t, time.Since(begin), time.Minute+20*time.Second, "%s: %v", what, err)
		cancel()
	}
}
