package i2psocks_test

import (
	"context"
	"net"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook"
	"github.com/go-i2p/i2psocks/dialer"
)

// silent is a source of names that does not answer.
type silent chan struct{}

func (s silent) Lookup(ctx context.Context, _ string) (addrbook.Address, error) {
	select {
	case s <- struct{}{}: // is asked
	case <-ctx.Done():
	}
	<-ctx.Done()
	return addrbook.Address{}, ctx.Err()
}

// packetName is a name as an address of packets.
type packetName string

func (packetName) Network() string  { return "i2p" }
func (n packetName) String() string { return string(n) }

// TestPacketsWaitForNames: a write that waits for a name ends with its deadline, with Close and with DialTimeout.
func TestPacketsWaitForNames(t *testing.T) { overBoth(t, testPacketsWaitForNames) }

func testPacketsWaitForNames(t *testing.T, nw *network) {
	asked := make(silent)
	ep := nw.endpoint(t)
	ep.Book = &addrbook.Book{Sources: []addrbook.Source{asked}}
	token := ep.Isolate("token")
	ep.Isolation.Book = func(string) *addrbook.Book { return ep.Book }
	for name, listen := range map[string]func(context.Context, string, string) (net.PacketConn, error){
		"endpoint": ep.ListenPacket,
		"token": token.(interface {
			ListenPacket(ctx context.Context, network, address string) (net.PacketConn, error)
		}).ListenPacket,
	} {
		pc, err := listen(t.Context(), "udp", ":0")
		require.NoError(t, err, name)
		t.Cleanup(func() { pc.Close() })
		failed := make(chan error)
		write := func() {
			_, err := pc.WriteTo([]byte("x"), packetName("slow.i2p:80"))
			failed <- err
		}
		for _, set := range []func(time.Time) error{pc.SetWriteDeadline, pc.SetDeadline} {
			go write()
			<-asked
			require.NoError(t, set(time.Now()))
			assert.ErrorIs(t, <-failed, os.ErrDeadlineExceeded, name)
			require.NoError(t, set(time.Time{}))
		}
		go write()
		<-asked
		require.NoError(t, pc.Close())
		assert.ErrorIs(t, <-failed, net.ErrClosed, name)
	}

	short := nw.endpoint(t)
	short.Book, short.DialTimeout = ep.Book, time.Nanosecond
	pc, err := short.ListenPacket(t.Context(), "udp", ":0")
	require.NoError(t, err)
	defer pc.Close()
	_, err = pc.WriteTo([]byte("x"), packetName("slow.i2p:80"))
	assert.ErrorIs(t, err, dialer.ErrTimeout)
}

// TestPacketsToNobody: an address that is missing is an error, and no panic.
func TestPacketsToNobody(t *testing.T) { overBoth(t, testPacketsToNobody) }

func testPacketsToNobody(t *testing.T, nw *network) {
	pc, err := nw.endpoint(t).ListenPacket(t.Context(), "udp", ":0")
	require.NoError(t, err)
	defer pc.Close()
	_, err = pc.WriteTo([]byte("x"), nil)
	assert.ErrorIs(t, err, dialer.ErrBadDestination)
}
