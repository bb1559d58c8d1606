package sam

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer/samtest"
)

// closedBehind has a server fill the way to the client, without the client reading, and end with close. It returns how much the
// server wrote and how much arrived. However slow the machine is, that is the same.
func closedBehind(t *testing.T, kind samtest.Router, unread int, end func(*Session, net.Conn)) (wrote, got int64) {
	nw := samtest.NewNetwork()
	defer nw.Close()
	a, b := nw.Start(&samtest.Bridge{Router: kind, BuildTime: time.Millisecond}), nw.Start(&samtest.Bridge{Router: kind, BuildTime: time.Millisecond})
	server, client := &Session{Address: a.Addr()}, &Session{Address: b.Addr()}
	defer server.Close()
	defer client.Close()
	ln, err := server.Listen(t.Context(), "tcp", ":80")
	require.NoError(t, err)
	ended := make(chan int64, 1)
	var serving sync.WaitGroup
	serving.Go(func() {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		conn.Read(make([]byte, 1)) // the rest of what the client says has come with it, and stays unread
		first, _ := conn.Write(make([]byte, 1))
		conn.SetWriteDeadline(time.Now().Add(time.Second))
		n, _ := conn.Write(make([]byte, 64<<20))
		ended <- int64(first + n)
		end(server, conn)
	})
	conn, err := client.DialContext(t.Context(), "tcp", server.Addr().Host+":80")
	require.NoError(t, err)
	defer conn.Close()
	_, err = conn.Write(make([]byte, 1+unread))
	require.NoError(t, err)
	wrote = <-ended
	got, err = io.Copy(io.Discard, conn)
	assert.NoError(t, err)
	serving.Wait()
	return wrote, got
}

// TestCloseDelivers: what Write has taken arrives, whether or not all that came was read, over real sockets.
func TestCloseDelivers(t *testing.T) {
	for name, unread := range map[string]int{"all read": 0, "unread": 99} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			wrote, got := closedBehind(t, samtest.Java, unread, func(_ *Session, conn net.Conn) { conn.Close() })
			assert.Positive(t, wrote)
			assert.Equal(t, wrote, got)
		})
	}
}

// TestSessionCloseDelivers: nor does the end of the session lose anything of it, unless it took longer than it may.
func TestSessionCloseDelivers(t *testing.T) {
	t.Parallel()
	var took time.Duration
	wrote, got := closedBehind(t, samtest.Java, 99, func(s *Session, _ net.Conn) {
		begin := time.Now()
		s.Close()
		took = time.Since(begin)
	})
	if took >= closeGrace {
		t.Skip("the client could not read it in time")
	}
	assert.Positive(t, wrote)
	assert.Equal(t, wrote, got)
}
