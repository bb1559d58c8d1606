package sam

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// withSubsession returns a PRIMARY session on a router that is reached by real sockets, as subsessions for packets need UDP.
func withSubsession(t *testing.T) (a *samtest.Bridge, s *Session, p *PacketConn) {
	nw := samtest.NewNetwork()
	t.Cleanup(nw.Close)
	a = nw.Start(nil)
	s = &Session{Address: a.Addr(), Primary: true}
	t.Cleanup(func() { s.Close() })
	hasten(s)
	pc, err := s.ListenPacket(t.Context(), "udp", ":0")
	require.NoError(t, err)
	return a, s, pc.(*PacketConn)
}

// TestSlowAnswers: an answer that comes late, or not at all, costs neither the session nor its streams anything.
func TestSlowAnswers(t *testing.T) {
	for name, fault := range map[string]samtest.Fault{
		"late": {Late: bridgeTimeout + 2*time.Second}, "lost": {CloseAfter: samtest.BeforeReply, Stall: true},
	} {
		t.Run(name, func(t *testing.T) {
			onRouters(t, []samtest.Router{samtest.Instant, samtest.Java}, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
				s, host := session(t, a), session(t, b)
				site(t, host, banner)
				s.Primary = true
				conn, err := s.DialContext(t.Context(), "tcp", host.Addr().Host+":80")
				require.NoError(t, err)
				l, _ := s.keep.Live()
				for _, on := range []string{"SESSION ADD", "SESSION REMOVE"} {
					fault.On = on
					a.Inject(fault)
					for port := range uint16(2) { // the second one is told from the first
						begin := time.Now()
						id, err := l.addSubsession(t.Context(), "STREAM", 81+port, nil)
						if err != nil {
							assert.ErrorIs(t, err, dialer.ErrRouterDown)
							assert.Equal(t, bridgeTimeout, time.Since(begin))
							time.Sleep(2 * maxTurn)
							continue
						}
						l.removeSubsession(id)
						time.Sleep(2 * maxTurn)
					}
				}
				assert.Equal(t, dialer.Up, s.Status().State)
				_, err = conn.Write([]byte("x"))
				assert.NoError(t, err)
				_, err = conn.Read(make([]byte, 1))
				assert.NoError(t, err)
				assert.Equal(t, 1, a.Count("SESSION CREATE"))
				require.NoError(t, s.Close())
				synctest.Wait()
				assert.Empty(t, a.Sessions(), "nor is one left behind")
			})
		})
	}
}

// TestRefusedOnce: a subsession that the router refuses is asked for again.
func TestRefusedOnce(t *testing.T) {
	t.Parallel()
	a, s, p := withSubsession(t)
	a.Inject(samtest.Fault{On: "SESSION ADD", Raw: []byte("SESSION STATUS RESULT=OK\n")}) // that for streams
	a.Inject(samtest.Fault{On: "SESSION ADD", Result: "I2P_ERROR", Message: "busy"})
	for _, x := range a.Sessions() {
		a.CloseSession(x.ID)
	}
	require.Eventually(t, func() bool { return p.Status().State != dialer.Up }, time.Minute, time.Millisecond)
	require.Eventually(t, func() bool { return p.Status().State == dialer.Up }, time.Minute, time.Millisecond)
	_, err := p.WriteTo([]byte("x"), s.Addr())
	assert.NoError(t, err)
}
