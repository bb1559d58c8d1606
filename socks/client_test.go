package socks_test

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// script is a server that expects and sends what it is told, in turns.
func script(t *testing.T, turns ...string) dial {
	return func(context.Context, string, string) (net.Conn, error) {
		near, far := sockstest.Pipe()
		go func() {
			s := sockstest.NewClient(t, far)
			for i, turn := range turns {
				if i%2 == 0 {
					s.Expect(turn)
				} else {
					s.Send(turn)
				}
			}
			io.Copy(io.Discard, far)
			far.Close()
		}()
		return near, nil
	}
}

func TestDialerSpeaksEachVersion(t *testing.T) {
	const toIPv4 = "05 01 00 01 01 02 03 04 00 50"
	for name, tc := range map[string]struct {
		d       socks.Dialer
		address string
		turns   []string
	}{
		"5":          {socks.Dialer{}, "a.i2p:80", []string{greetNone, choseNone, toHost, succeeded}},
		"5 explicit": {socks.Dialer{Version: socks.SOCKS5}, "1.2.3.4:80", []string{greetNone, choseNone, toIPv4, succeeded}},
		"5 mapped":   {socks.Dialer{}, "[::ffff:1.2.3.4]:80", []string{greetNone, choseNone, toIPv4, succeeded}},
		"5 ipv6": {socks.Dialer{}, "[::1]:80", []string{greetNone, choseNone,
			"05 01 00 04 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 00 50", succeeded}},
		"5 credentials": {socks.Dialer{Username: "u", Password: "pw"}, "a.i2p:80",
			[]string{"05 01 02", "05 02", "01 01 75 02 70 77", "01 00", toHost, succeeded}},
		"5 user only":   {socks.Dialer{Username: "u"}, "a.i2p:80", []string{"05 01 02", "05 02", "01 01 75 00", "01 00", toHost, succeeded}},
		"5 named bound": {socks.Dialer{}, "a.i2p:80", []string{greetNone, choseNone, toHost, "05 00 00 03 05 61 2e 69 32 70 00 50"}},
		"4":             {socks.Dialer{Version: socks.SOCKS4}, "1.2.3.4:80", []string{"04 01 00 50 01 02 03 04 00", granted}},
		"4a":            {socks.Dialer{Version: socks.SOCKS4a}, "a.i2p:80", []string{toHost4a, granted}},
		"4a ip":         {socks.Dialer{Version: socks.SOCKS4a}, "1.2.3.4:80", []string{"04 01 00 50 01 02 03 04 00", granted}},
		"4a credentials": {socks.Dialer{Version: socks.SOCKS4a, Username: "u", Password: "pw"}, "a.i2p:80",
			[]string{"04 01 00 50 00 00 00 01 75 3a 70 77 00 61 2e 69 32 70 00", granted}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				// What the peer says at once comes in the segment of the reply.
				tc.turns[len(tc.turns)-1] += "32 32 30"
				tc.d.Forward = script(t, tc.turns...)
				conn, err := tc.d.DialContext(t.Context(), "tcp", tc.address)
				require.NoError(t, err)
				banner := make([]byte, 3)
				_, err = io.ReadFull(conn, banner)
				require.NoError(t, err)
				assert.Equal(t, "220", string(banner))
				conn.Close()
			})
		})
	}
}

func TestDialerMapsReplies(t *testing.T) {
	for name, tc := range map[string]struct {
		d     socks.Dialer
		turns []string
		reply socks.Reply
		std   error
	}{
		"unreachable": {turns: []string{greetNone, choseNone, toHost, failed(4)}, reply: socks.HostUnreachable, std: syscall.EHOSTUNREACH},
		"refused":     {turns: []string{greetNone, choseNone, toHost, failed(5)}, reply: socks.ConnectionRefused, std: syscall.ECONNREFUSED},
		"timeout":     {turns: []string{greetNone, choseNone, toHost, failed(6)}, reply: socks.TTLExpired, std: os.ErrDeadlineExceeded},
		"extended":    {turns: []string{greetNone, choseNone, toHost, failed(0xf4)}, reply: 0xF4},
		"4a":          {d: socks.Dialer{Version: socks.SOCKS4a}, turns: []string{toHost4a, rejected}, reply: socks.GeneralFailure},
		"no method":   {turns: []string{greetNone, "05 ff"}, reply: socks.GeneralFailure},
		"odd method":  {turns: []string{greetNone, "05 02"}, reply: socks.GeneralFailure},
		"not asked":   {d: socks.Dialer{Username: "u"}, turns: []string{"05 01 02", "05 00"}, reply: socks.GeneralFailure},
		"wrong secret": {d: socks.Dialer{Username: "u"}, turns: []string{"05 01 02", "05 02", "01 01 75 00", "01 01"},
			reply: socks.GeneralFailure},
		"not SOCKS":   {turns: []string{greetNone, "48 54 54 50"}, reply: socks.GeneralFailure},
		"bad address": {turns: []string{greetNone, choseNone, toHost, "05 00 00 09 00 00 00"}, reply: socks.GeneralFailure},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tc.d.Forward = script(t, tc.turns...)
				conn, err := tc.d.DialContext(t.Context(), "tcp", "a.i2p:80")
				assert.Nil(t, conn)
				op, ok := errors.AsType[*net.OpError](err)
				require.True(t, ok)
				assert.Equal(t, "a.i2p:80", op.Addr.String())
				reply, ok := errors.AsType[*socks.ReplyError](err)
				require.True(t, ok, "%v", err)
				assert.Equal(t, tc.reply, reply.Reply, "%v", err)
				assert.Equal(t, tc.reply == socks.TTLExpired, op.Timeout())
				if tc.std != nil {
					assert.ErrorIs(t, err, tc.std)
				}
			})
		})
	}
}

// What cannot be said must fail before anything is dialled.
func TestDialerRefusesBeforeDialling(t *testing.T) {
	long := strings.Repeat("x", 256)
	for name, tc := range map[string]struct {
		d                socks.Dialer
		network, address string
	}{
		"udp":               {socks.Dialer{}, "udp", "a.i2p:80"},
		"no port":           {socks.Dialer{}, "tcp", "a.i2p"},
		"named port":        {socks.Dialer{}, "tcp", "a.i2p:http"},
		"big port":          {socks.Dialer{}, "tcp", "a.i2p:65536"},
		"empty host":        {socks.Dialer{}, "tcp", ":80"},
		"zone":              {socks.Dialer{}, "tcp", "[fe80::1%eth0]:80"},
		"long name":         {socks.Dialer{}, "tcp", long + ":80"},
		"long user":         {socks.Dialer{Username: long}, "tcp", "a.i2p:80"},
		"long password":     {socks.Dialer{Password: long}, "tcp", "a.i2p:80"},
		"4 with name":       {socks.Dialer{Version: socks.SOCKS4}, "tcp", "a.i2p:80"},
		"4 with IPv6":       {socks.Dialer{Version: socks.SOCKS4}, "tcp", "[::1]:80"},
		"4a with IPv6":      {socks.Dialer{Version: socks.SOCKS4a}, "tcp", "[::1]:80"},
		"4a like a name":    {socks.Dialer{Version: socks.SOCKS4a}, "tcp", "0.0.0.1:80"},
		"4a NUL in name":    {socks.Dialer{Version: socks.SOCKS4a}, "tcp", "a.i2p\x00b:80"},
		"4a NUL in user":    {socks.Dialer{Version: socks.SOCKS4a, Username: "a\x00"}, "tcp", "a.i2p:80"},
		"4a colon password": {socks.Dialer{Version: socks.SOCKS4a, Password: "a:b"}, "tcp", "a.i2p:80"},
		"unknown version":   {socks.Dialer{Version: 6}, "tcp", "a.i2p:80"},
	} {
		tc.d.Forward = never(t)
		_, err := tc.d.DialContext(t.Context(), tc.network, tc.address)
		assert.Error(t, err, name)
	}
}

func TestDialerHonoursContextAtEveryStep(t *testing.T) {
	turns := []string{"05 01 02", "05 02", "01 01 75 00", "01 00", toHost}
	for n := range len(turns)/2 + 1 {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			d := socks.Dialer{Username: "u", Forward: script(t, turns[:2*n]...)}
			start := time.Now()
			_, err := d.DialContext(ctx, "tcp", "a.i2p:80")
			assert.ErrorIs(t, err, context.DeadlineExceeded)
			assert.Equal(t, time.Second, time.Since(start))
			assert.True(t, err.(net.Error).Timeout())
		})
	}
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := (&socks.Dialer{Forward: hang}).DialContext(ctx, "tcp", "a.i2p:80")
		assert.ErrorIs(t, err, context.Canceled)
	})
}

// The connection must outlive the context that it was dialled with.
func TestDialerContextEndsWithTheDial(t *testing.T) {
	srv := sockstest.Start(t, &socks.Server{Dialer: &echo{}})
	ctx, cancel := context.WithCancel(t.Context())
	conn, err := srv.Dialer("", "").DialContext(ctx, "tcp", "a.i2p:80")
	require.NoError(t, err)
	defer conn.Close()
	cancel()
	relayed(t, conn)
}

// A chain of servers answers what the last one found; a broken link is our failure, not the target's.
func TestChainKeepsTheCode(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var fail error
		last := sockstest.Start(t, &socks.Server{Dialer: dial(func(ctx context.Context, _, _ string) (net.Conn, error) {
			if fail != nil {
				return nil, fail
			}
			return (&echo{}).DialContext(ctx, "", "")
		})})
		first := sockstest.Start(t, &socks.Server{Dialer: last.Dialer("", "")})
		conn, err := first.Dialer("", "").Dial("tcp", "a.i2p:80")
		require.NoError(t, err)
		relayed(t, conn)
		conn.Close()
		for _, fail = range []error{syscall.ECONNREFUSED, syscall.EHOSTUNREACH, syscall.ENETUNREACH, os.ErrDeadlineExceeded} {
			_, err := first.Dialer("", "").Dial("tcp", "a.i2p:80")
			assert.ErrorIs(t, err, fail)
		}
		last.Close()
		_, err = first.Dialer("", "").Dial("tcp", "a.i2p:80")
		reply, _ := errors.AsType[*socks.ReplyError](err)
		assert.Equal(t, socks.GeneralFailure, reply.Reply)
		assert.NotErrorIs(t, err, syscall.ECONNREFUSED)
	})
}

func TestDialerOverUnixSocket(t *testing.T) {
	path := filepath.Join(t.TempDir(), "socks")
	l, err := net.Listen("unix", path)
	if err != nil {
		t.Skipf("no unix sockets: %v", err)
	}
	srv := &socks.Server{Dialer: &echo{}}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	conn, err := (&socks.Dialer{Network: "unix", Address: path}).Dial("tcp", "a.i2p:80")
	require.NoError(t, err)
	assert.IsType(t, &net.UnixConn{}, conn, "not wrapped")
	relayed(t, conn)
	conn.Close()
	require.NoError(t, srv.Shutdown(t.Context()))
	assert.ErrorIs(t, <-done, socks.ErrServerClosed)
}
