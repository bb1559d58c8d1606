package sam

import (
	"bufio"
	"fmt"
	"os"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/samtest"
	"github.com/go-i2p/i2psocks/keys"
)

// The quirks of routers that no other test covers; samtest/QUIRKS.md lists all of them.

// TestQuirkLateLeaseSet: a lease set that is published late is waited for a little.
func TestQuirkLateLeaseSet(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		site(t, server, banner)
		synctest.Wait()
		require.NoError(t, client.Up(t.Context()))
		b.Inject(samtest.Fault{On: "STREAM CONNECT", Times: len(retries), Result: "CANT_REACH_PEER", Message: "LeaseSet not found"})
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		conn.Close()
	})
}

// TestQuirkDeadPeer: i2pd opens a stream to a peer that is gone, or whose answers it cannot read. A
// read ends at its deadline, and the session is none the worse.
func TestQuirkDeadPeer(t *testing.T) {
	onRouters(t, routers[1:], func(t *testing.T, nw *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		other := session(t, nw.Start(&samtest.Bridge{Router: a.Router}))
		site(t, server, banner)
		site(t, other, banner)
		require.NoError(t, client.Up(t.Context()))
		synctest.Wait()
		since := client.Status().Since
		a.Kill()
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		if a.Router == samtest.Java {
			assert.ErrorIs(t, err, dialer.ErrTimeout)
		} else {
			require.NoError(t, err)
			conn.SetReadDeadline(time.Now().Add(time.Minute))
			_, err = conn.Read(make([]byte, 1))
			assert.ErrorIs(t, err, os.ErrDeadlineExceeded)
			conn.Close()
		}
		conn, err = client.DialContext(t.Context(), "tcp", other.Addr().Host+":80")
		require.NoError(t, err)
		_, err = bufio.NewReader(conn).ReadString('\n')
		assert.NoError(t, err)
		conn.Close()
		assert.Equal(t, since, client.Status().Since)
	})
}

// TestQuirkNamesNobodyHas: dialling what does not exist, however fast the router says so, does not
// cost a session its life.
func TestQuirkNamesNobodyHas(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		require.NoError(t, s.Up(t.Context()))
		since := s.Status().Since
		for range 50 {
			nobody, err := keys.Generate()
			require.NoError(t, err)
			_, err = s.DialContext(t.Context(), "tcp", nobody.Destination().Base32()+":80")
			assert.ErrorIs(t, err, dialer.ErrLeaseSetNotFound)
		}
		assert.Equal(t, since, s.Status().Since)
		assert.Equal(t, 1, a.Count("SESSION CREATE"))
	})
}

// TestQuirkWrongStatus: i2pd answers misused STREAM commands with SESSION STATUS; not even an OK of
// that kind opens a stream.
func TestQuirkWrongStatus(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		require.NoError(t, s.Up(t.Context()))
		for _, status := range []string{`I2P_ERROR MESSAGE="Socket already in use"`, "OK"} {
			a.Inject(samtest.Fault{On: "STREAM CONNECT", Raw: []byte("SESSION STATUS RESULT=" + status + "\n")})
			_, err := s.DialContext(t.Context(), "tcp", "a.i2p:80")
			assert.ErrorIs(t, err, dialer.ErrRouter)
		}
	})
}

// TestQuirkNULs: the NULs that i2pd puts behind long answers make no destination.
func TestQuirkNULs(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		require.NoError(t, s.Up(t.Context()))
		a.Inject(samtest.Fault{On: "NAMING LOOKUP", Raw: []byte(fmt.Sprintf(
			"NAMING REPLY RESULT=OK NAME=a.i2p VALUE=%s\x00\x00\x00\n", s.Addr().Destination.Base64()))})
		_, err := s.Lookup(t.Context(), "a.i2p")
		assert.ErrorIs(t, err, dialer.ErrRouter)
	})
}

// TestQuirkDuplicatedID: Java I2P forgets a session whose ID is asked for again, so none ever is.
func TestQuirkDuplicatedID(t *testing.T) {
	onRouters(t, routers, func(t *testing.T, _ *samtest.Network, a, _ *samtest.Bridge) {
		s := session(t, a)
		a.Inject(samtest.Fault{On: "SESSION CREATE", Result: "DUPLICATED_ID"})
		require.ErrorIs(t, s.Up(t.Context()), dialer.ErrRouter)
		require.NoError(t, s.Up(t.Context())) // the network fails the test if the ID is the same
		assert.Equal(t, 2, a.Count("SESSION CREATE"))
	})
}

// TestQuirkAcceptsForHours: an ACCEPT that waits on Java I2P is never given up; one on i2pd is renewed
// now and then, as a queue there can be stuck; and both serve a stream after hours.
func TestQuirkAcceptsForHours(t *testing.T) {
	onRouters(t, routers[1:], func(t *testing.T, _ *samtest.Network, a, b *samtest.Bridge) {
		server, client := session(t, a), session(t, b)
		site(t, server, banner)
		synctest.Wait()
		time.Sleep(12 * time.Hour)
		if a.Router == samtest.Java {
			assert.Equal(t, javaAccepts, a.Count("STREAM ACCEPT"))
		} else {
			assert.InDelta(t, 12*time.Hour/i2pdRefresh, a.Count("STREAM ACCEPT"), 5)
		}
		conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
		require.NoError(t, err)
		_, err = bufio.NewReader(conn).ReadString('\n')
		assert.NoError(t, err)
		conn.Close()
	})
}
