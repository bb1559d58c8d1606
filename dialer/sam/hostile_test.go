package sam

import (
	"bufio"
	"context"
	"errors"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
)

// faults are what a bridge can do wrong to any command.
var faults = map[string]samtest.Fault{
	"stalls":           {Delay: time.Hour},
	"refuses":          {Result: "I2P_ERROR", Message: "no"},
	"unknown result":   {Result: "WHATEVER"},
	"no result":        {Raw: []byte("STREAM STATUS\n")},
	"garbage":          {Raw: []byte("\x00\xff\x01garbage\n\n\n")},
	"empty line":       {Raw: []byte("\n")},
	"other protocol":   {Raw: []byte("HTTP/1.1 400 Bad Request\r\n\r\n")},
	"open quote":       {Raw: []byte("STREAM STATUS RESULT=\"OK\n")},
	"endless line":     {Endless: true},
	"closes before":    {CloseAfter: samtest.BeforeReply},
	"closes mid line":  {CloseAfter: samtest.MidLine},
	"resets mid line":  {CloseAfter: samtest.MidLine, Reset: true},
	"another identity": {Raw: []byte("NAMING REPLY RESULT=OK NAME=ME VALUE=x\n")},
}

// TestHostileBridge: whatever a bridge does to whichever command, a dial ends in time, with a
// typed error, and the session works again when the bridge does.
func TestHostileBridge(t *testing.T) {
	reasons := []error{dialer.ErrRouterDown, dialer.ErrRouter, dialer.ErrTimeout}
	for name, fault := range faults {
		for _, on := range []string{"HELLO VERSION", "SESSION CREATE", "NAMING LOOKUP", "STREAM CONNECT"} {
			t.Run(name+"/"+on, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					nw := samtest.NewStrict(t)
					a, b := nw.Start(nil), nw.Start(nil)
					server, client := session(t, a), session(t, b)
					site(t, server, banner)
					fault := fault
					fault.On, fault.Times = on, -1
					b.Inject(fault)
					begin := time.Now()
					_, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
					if on == "STREAM CONNECT" || err != nil { // a lookup that fails tells i2pd from Java I2P as well
						require.Error(t, err)
						assert.Contains(t, reasons, reasonOf(err), "%v", err)
					}
					assert.LessOrEqual(t, time.Since(begin), DefaultDialTimeout)
					b.ClearFaults()
					// A creation that the client no longer waits for must end before the next may begin.
					time.Sleep(createTimeout)
					conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
					require.NoError(t, err)
					_, err = bufio.NewReader(conn).ReadString('\n')
					require.NoError(t, err)
					conn.Close()
				})
			})
		}
	}
}

// reasonOf returns which Err value err is.
func reasonOf(err error) error {
	for _, reason := range []error{dialer.ErrRouterDown, dialer.ErrRouter, dialer.ErrTimeout, dialer.ErrLeaseSetNotFound} {
		if errors.Is(err, reason) {
			return reason
		}
	}
	return nil
}

// TestCutAnywhere closes the connection at every byte of every answer that a dial needs.
func TestCutAnywhere(t *testing.T) {
	for _, reply := range []struct {
		on     string
		length int
	}{{"HELLO VERSION", len("HELLO REPLY RESULT=OK VERSION=3.3\n")}, {"STREAM CONNECT", statusOK}, {"NAMING LOOKUP", 60}, {"SESSION CREATE", 40}} {
		synctest.Test(t, func(t *testing.T) {
			nw := samtest.NewStrict(t)
			a, b := nw.Start(nil), nw.Start(nil)
			server := session(t, a)
			site(t, server, banner)
			for cut := 1; cut < reply.length-1; cut++ {
				client := session(t, b)
				b.Inject(samtest.Fault{On: reply.on, CloseAfter: cut})
				conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
				if err == nil { // a lookup cut short passes for a failed one
					conn.Close()
				}
				b.ClearFaults()
				conn, err = client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
				require.NoError(t, err, "after a cut at %d of %s", cut, reply.on)
				conn.Close()
				client.Close()
			}
		})
	}
}

// TestSplitAnswers: answers in single bytes are as good as whole ones, and what follows them is kept.
func TestSplitAnswers(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		for _, bridge := range []*samtest.Bridge{a, b} {
			bridge.Inject(samtest.Fault{Times: -1, Split: 1})
		}
		server, client := session(t, a), session(t, b)
		site(t, server, banner)
		for range 3 {
			conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
			require.NoError(t, err)
			line, err := bufio.NewReader(conn).ReadString('\n')
			require.NoError(t, err)
			assert.Equal(t, "hello "+client.Addr().String()+"\n", line)
			conn.Close()
		}
	})
}

// TestBannerInOneSegment: the status line, or the line that announces a peer, comes with the first
// bytes of the stream.
func TestBannerInOneSegment(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		b.Inject(samtest.Fault{On: "STREAM CONNECT", Times: -1, Hold: time.Second})
		a.Inject(samtest.Fault{On: "STREAM ACCEPTED", Times: -1, Hold: time.Second})
		server, client := session(t, a), session(t, b)
		ln, err := server.Listen(t.Context(), "tcp", ":80")
		require.NoError(t, err)
		synctest.Wait()
		for range 5 {
			go func() {
				conn, err := ln.Accept()
				if assert.NoError(t, err) {
					banner(conn)
					conn.Close()
				}
			}()
			conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
			require.NoError(t, err)
			conn.Write([]byte("first\n"))
			r := bufio.NewReader(conn)
			for _, want := range []string{"hello " + client.Addr().String() + "\n", "first\n"} {
				line, err := r.ReadString('\n')
				require.NoError(t, err)
				assert.Equal(t, want, line)
			}
			conn.Close()
			time.Sleep(5 * time.Second)
		}
	})
}

// TestWrongIdentity: a session that the router runs under another identity is not used.
func TestWrongIdentity(t *testing.T) {
	onRouters(t, routers[:1], func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		other, err := keys.Generate()
		require.NoError(t, err)
		s := session(t, a)
		a.Inject(samtest.Fault{On: "NAMING LOOKUP", Raw: []byte("NAMING REPLY RESULT=KEY_NOT_FOUND NAME=x\n")}) // what is it?
		a.Inject(samtest.Fault{On: "NAMING LOOKUP", Raw: []byte("NAMING REPLY RESULT=OK NAME=ME VALUE=" + other.Destination().Base64() + "\n")})
		assert.ErrorIs(t, s.Up(t.Context()), dialer.ErrRouter)
		assert.NoError(t, s.Up(t.Context()))
	})
}

// TestLyingLookup: what the router says of a base32 name is verified.
func TestLyingLookup(t *testing.T) {
	onRouters(t, routers[:1], func(t *testing.T, nw *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		require.NoError(t, s.Up(t.Context()))
		asked, err := keys.Generate()
		require.NoError(t, err)
		for _, value := range []string{s.Addr().Destination.Base64(), "AAAA", ""} {
			a.Inject(samtest.Fault{On: "NAMING LOOKUP", Raw: []byte("NAMING REPLY RESULT=OK NAME=x VALUE=" + value + "\n")})
			_, err = s.Lookup(t.Context(), asked.Destination().Base32())
			assert.ErrorIs(t, err, dialer.ErrRouter)
		}
	})
}

// visit opens and closes a stream in the background, and tells when that is done.
func visit(t *testing.T, s *Session, address string) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		if conn, err := s.DialContext(t.Context(), "tcp", address); assert.NoError(t, err) {
			conn.Close()
		}
	}()
	return done
}

// TestAccept: ACCEPTs that the router refuses, drops or answers with nonsense surface no peer and
// do not spin.
func TestAccept(t *testing.T) {
	for name, fault := range map[string]samtest.Fault{
		"refused":       {On: "STREAM ACCEPT", Result: "I2P_ERROR"},
		"garbage":       {On: "STREAM ACCEPT", Raw: []byte("x\n")},
		"closed":        {On: "STREAM ACCEPT", CloseAfter: samtest.BeforeReply},
		"dropped":       {On: "STREAM ACCEPT", CloseAfter: samtest.AfterReply},
		"status twice":  {On: "STREAM ACCEPT", Raw: []byte("STREAM STATUS RESULT=OK\nSTREAM STATUS RESULT=I2P_ERROR MESSAGE=\"Session was closed\"\n")},
		"no peer":       {On: "STREAM ACCEPT", Raw: []byte("STREAM STATUS RESULT=OK\nnobody\n")},
		"endless peer":  {On: "STREAM ACCEPT", Raw: append([]byte("STREAM STATUS RESULT=OK\n"), make([]byte, 64<<10)...)},
		"stalls":        {On: "STREAM ACCEPT", Delay: time.Hour},
		"half a status": {On: "STREAM ACCEPT", CloseAfter: samtest.MidLine},
	} {
		t.Run(name, func(t *testing.T) {
			onRouters(t, []samtest.Router{samtest.Instant, samtest.I2PD256}, func(t *testing.T, nw *samtest.Network, a, b *samtest.Bridge) {
				server, client := session(t, a), session(t, b)
				fault := fault
				fault.Times = -1
				a.Inject(fault)
				accepted := make(chan net.Conn)
				go func() {
					ln, err := server.Listen(t.Context(), "tcp", ":80")
					for ; err != nil; ln, err = server.Listen(t.Context(), "tcp", ":80") {
						if !assert.ErrorIs(t, err, dialer.ErrRouter, "what the router says") {
							return
						}
						time.Sleep(time.Minute)
					}
					for {
						conn, err := ln.Accept()
						if err != nil {
							close(accepted)
							return
						}
						accepted <- conn
					}
				}()
				time.Sleep(10 * time.Minute)
				assert.LessOrEqual(t, a.Count("STREAM ACCEPT"), javaAccepts*(10*60/30+12), "one in thirty seconds, each, after the first few")
				a.ClearFaults()
				time.Sleep(time.Hour) // those that stall
				dialled := visit(t, client, server.Addr().Host+":80")
				var conn net.Conn
				select {
				case conn = <-accepted:
				case <-time.After(time.Hour):
					require.Fail(t, "nothing accepted")
				}
				<-dialled
				assert.Equal(t, client.Addr().Host, conn.RemoteAddr().(dialer.Addr).Host)
				conn.Close()
				server.Close()
				<-accepted
			})
		})
	}
}

// TestListeners: one on i2pd, which tells no ports, several on Java I2P.
func TestListeners(t *testing.T) {
	onRouters(t, []samtest.Router{samtest.Java, samtest.I2PD259}, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		web, err := server.Listen(t.Context(), "tcp", ":80")
		require.NoError(t, err)
		_, err = server.Listen(t.Context(), "tcp", ":80")
		assert.ErrorContains(t, err, "address already in use")
		_, err = server.Listen(t.Context(), "tcp", client.Addr().Host+":81")
		assert.Error(t, err)
		mail, err := server.Listen(t.Context(), "tcp", server.Addr().Host+":25")
		if a.Router == samtest.I2PD259 {
			assert.ErrorContains(t, err, "address already in use")
			require.NoError(t, web.Close())
			mail, err = server.Listen(t.Context(), "tcp", ":25") // the port is free again
		}
		require.NoError(t, err)
		synctest.Wait()
		dialled := visit(t, client, server.Addr().Host+":25")
		conn, err := mail.Accept()
		require.NoError(t, err)
		<-dialled
		assert.Equal(t, server.Addr().Host+":25", conn.LocalAddr().String())
		conn.Close()
	})
}

// TestDialEnds: a dial ends with its context, wherever it stands, and leaves nothing behind.
func TestDialEnds(t *testing.T) {
	for _, on := range []string{"HELLO VERSION", "NAMING LOOKUP", "SESSION CREATE", "STREAM CONNECT"} {
		synctest.Test(t, func(t *testing.T) {
			b := samtest.NewStrict(t).Start(nil)
			s := session(t, b)
			b.Inject(samtest.Fault{On: on, Times: -1, Delay: time.Hour})
			ctx, cancel := context.WithCancel(t.Context())
			time.AfterFunc(time.Second, cancel)
			begin := time.Now()
			_, err := s.DialContext(ctx, "tcp", "a.i2p:80")
			assert.ErrorIs(t, err, context.Canceled, on)
			assert.Equal(t, time.Second, time.Since(begin), on)
		})
	}
}
