package dialer_test

import (
	"errors"
	"fmt"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/addrbook/i2phost"
	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/keys"
)

func TestErrorsMatchTheStandardLibrary(t *testing.T) {
	for _, tc := range []struct{ err, same error }{
		{dialer.ErrNotI2P, errors.ErrUnsupported},
		{dialer.ErrNameNotFound, syscall.EHOSTUNREACH},
		{dialer.ErrBadDestination, syscall.EHOSTUNREACH},
		{dialer.ErrLeaseSetNotFound, syscall.EHOSTUNREACH},
		{dialer.ErrPeerUnreachable, syscall.EHOSTUNREACH},
		{dialer.ErrRefused, syscall.ECONNREFUSED},
		{dialer.ErrTimeout, os.ErrDeadlineExceeded},
		{dialer.ErrIdentityInUse, syscall.EADDRINUSE},
		{dialer.ErrSessionClosed, net.ErrClosed},
	} {
		err := dialer.OpError("dial", dialer.Addr{Host: "a.i2p", Port: 80}, tc.err)
		assert.ErrorIs(t, err, tc.err)
		assert.ErrorIs(t, err, tc.same)
		assert.NotErrorIs(t, err, dialer.ErrLimit)
		var timeout net.Error
		require.ErrorAs(t, err, &timeout)
		assert.Equal(t, tc.err == dialer.ErrTimeout, timeout.Timeout(), tc.err)
	}
	assert.NotErrorIs(t, dialer.ErrNameNotFound, dialer.ErrLeaseSetNotFound, "reasons that share a value stay apart")
	for _, err := range []error{dialer.ErrRouterDown, dialer.ErrRouter, dialer.ErrLimit} {
		assert.NotErrorIs(t, err, syscall.ECONNREFUSED, "a refused bridge must not read as a refused peer")
	}
	assert.NoError(t, dialer.OpError("dial", nil, nil))
}

func TestAddr(t *testing.T) {
	id, err := keys.Generate()
	require.NoError(t, err)
	a := dialer.AddrOf(id.Destination(), 80)
	host, port, err := net.SplitHostPort(a.String())
	require.NoError(t, err)
	assert.Equal(t, id.Destination().Base32(), host)
	assert.Equal(t, "80", port)
	assert.Equal(t, a, dialer.AddrOf(id.Destination(), 80), "comparable")
}

// TestAddrBase32: the base32 name is found whatever name was dialled, and is none but that.
func TestAddrBase32(t *testing.T) {
	id, err := keys.Generate()
	require.NoError(t, err)
	to, b32 := id.Destination(), id.Destination().Base32()
	encrypted, err := i2phost.Blinded{SignatureType: 7, Key: [32]byte{1}}.Host()
	require.NoError(t, err)
	for _, tc := range []struct {
		addr dialer.Addr
		want string // "" is none
	}{
		{dialer.AddrOf(to, 80), b32},
		{dialer.Addr{Host: b32}, b32},
		{dialer.Addr{Host: "stats.i2p", Destination: to}, b32},
		{dialer.Addr{Host: encrypted.String(), Destination: to}, encrypted.String()},
		{dialer.Addr{Host: "stats.i2p"}, ""},
		{dialer.Addr{Host: "x.b32.i2p"}, ""},
		{dialer.Addr{}, ""},
	} {
		got, ok := tc.addr.Base32()
		assert.Equal(t, tc.want, got)
		assert.Equal(t, tc.want != "", ok)
	}
}

func TestStateString(t *testing.T) {
	assert.Equal(t, "idle up closed unknown unknown",
		fmt.Sprint(dialer.Idle, " ", dialer.Up, " ", dialer.Closed, " ", dialer.State(-1), " ", dialer.State(9)))
}

func ExampleOpError() {
	err := dialer.OpError("dial", dialer.Addr{Host: "nobody.i2p", Port: 80}, dialer.ErrNameNotFound)
	fmt.Println(err)
	fmt.Println(errors.Is(err, dialer.ErrNameNotFound), errors.Is(err, syscall.EHOSTUNREACH))
	// Output:
	// dial i2p nobody.i2p:80: host name not found
	// true true
}
