package sam

import (
	"context"
	"errors"
	"io"
	"net"
	"os"
	"strings"
	"syscall"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/go-i2p/i2psocks/dialer"
	"github.com/go-i2p/i2psocks/dialer/internal/wire"
)

func TestNewBridge(t *testing.T) {
	for address, want := range map[string][2]string{
		"":                    {"tcp", "127.0.0.1:7656"},
		"127.0.0.1:1":         {"tcp", "127.0.0.1:1"},
		"[::1]:7656":          {"tcp", "[::1]:7656"},
		"localhost:7656":      {"tcp", "127.0.0.1:7656"},
		"unix:/run/i2p/s.sam": {"unix", "/run/i2p/s.sam"},
	} {
		b, err := newBridge("Address", address, nil)
		require.NoError(t, err, address)
		assert.Equal(t, want, [2]string{b.network, b.address})
	}
	for _, address := range []string{"router", "router:7656", "unix:", "sam.example.com:7656", "127.0.0.1"} {
		_, err := newBridge("Address", address, nil)
		assert.ErrorIs(t, err, syscall.EINVAL, "%q would need DNS, or is malformed", address)
		bad, ok := errors.AsType[*OptionError]((&Session{Fallbacks: []string{"", address}}).Up(t.Context()))
		require.True(t, ok)
		assert.Equal(t, "Fallbacks[1]", bad.Option)
	}
	_, err := newBridge("Address", "router:7656", new(net.Dialer).DialContext)
	assert.NoError(t, err, "a dial function of the host's own knows names")
}

func TestReadLine(t *testing.T) {
	const rest = "first bytes of the stream\n"
	for name, tc := range map[string]struct {
		in, want, rest string
		err            error
	}{
		"status":        {in: "STREAM STATUS RESULT=OK\n" + rest, want: "STREAM STATUS RESULT=OK", rest: rest},
		"longer status": {in: "STREAM STATUS RESULT=I2P_ERROR MESSAGE=\"x\"\n", want: "STREAM STATUS RESULT=I2P_ERROR MESSAGE=\"x\""},
		"shorter line":  {in: "FOO STATUS\n", want: "FOO STATUS"},
		"no newline":    {in: "DEST REPLY RESULT=I2P_ERROR", want: "DEST REPLY RESULT=I2P_ERROR"},
		"nothing":       {err: io.ErrUnexpectedEOF},
		"longest":       {in: strings.Repeat("a", wire.MaxReply-1) + "\n", want: strings.Repeat("a", wire.MaxReply-1)},
		"too long":      {in: strings.Repeat("a", wire.MaxReply) + "\n", rest: "\n", err: errLineTooLong},
		"endless":       {in: strings.Repeat("a", 1<<20), rest: strings.Repeat("a", 1<<20-wire.MaxReply), err: errLineTooLong},
	} {
		for how, wrap := range map[string]func(io.Reader) io.Reader{
			"whole": func(r io.Reader) io.Reader { return r }, "bytes": iotest.OneByteReader, "last with EOF": iotest.DataErrReader,
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				r := wrap(strings.NewReader(tc.in))
				got, err := readLine(r, statusOK)
				assert.Equal(t, tc.want, got)
				assert.ErrorIs(t, err, tc.err)
				left, err := io.ReadAll(r)
				require.NoError(t, err)
				assert.Equal(t, tc.rest, string(left))
			})
		}
	}
}

// TestReadLineSurplus: a line end inside the shortest acceptable line makes a line that parses to nothing.
func TestReadLineSurplus(t *testing.T) {
	line, err := readLine(strings.NewReader("A B\nSTREAM STATUS RESULT=OK\n"), statusOK)
	require.NoError(t, err)
	_, err = parse(line)
	assert.ErrorIs(t, err, dialer.ErrRouter)
}

func TestCheckHello(t *testing.T) {
	for line, want := range map[string]error{
		"HELLO REPLY RESULT=OK VERSION=3.1":                                 nil,
		"HELLO REPLY RESULT=OK VERSION=3.3":                                 nil,
		"HELLO REPLY RESULT=OK VERSION=0.3":                                 dialer.ErrRouter,
		"HELLO REPLY RESULT=OK VERSION=2.0":                                 dialer.ErrRouter,
		"HELLO REPLY RESULT=OK VERSION=3.10":                                dialer.ErrRouter,
		"HELLO REPLY RESULT=OK":                                             dialer.ErrRouter,
		"HELLO REPLY RESULT=NOVERSION":                                      dialer.ErrRouter,
		`HELLO REPLY RESULT=I2P_ERROR MESSAGE="USER and PASSWORD required"`: dialer.ErrRouter,
		"HTTP/1.1 400 Bad Request":                                          dialer.ErrRouter,
		"SSH-2.0-OpenSSH_9.2":                                               dialer.ErrRouter,
	} {
		m, err := wire.Parse(line)
		require.NoError(t, err)
		assert.ErrorIs(t, checkHello(m), want, line)
	}
}

// TestInterruptible: a stalled bridge is left as soon as the context ends, with its reason.
func TestInterruptible(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for name, tc := range map[string]struct {
			ctx  func() (context.Context, context.CancelFunc)
			want error
		}{
			"timeout": {func() (context.Context, context.CancelFunc) {
				return context.WithTimeout(t.Context(), time.Second)
			}, os.ErrDeadlineExceeded},
			"cancel": {func() (context.Context, context.CancelFunc) {
				ctx, cancel := context.WithCancel(t.Context())
				time.AfterFunc(time.Second, cancel)
				return ctx, cancel
			}, context.Canceled},
			"cause": {func() (context.Context, context.CancelFunc) {
				return context.WithTimeoutCause(t.Context(), time.Second, errNoAnswer)
			}, dialer.ErrRouterDown},
		} {
			ctx, cancel := tc.ctx()
			here, there := net.Pipe()
			begin := time.Now()
			err := interruptible(ctx, here, func() error {
				_, err := readLine(here, statusOK)
				return err
			})
			assert.ErrorIs(t, err, tc.want, name)
			assert.Equal(t, time.Second, time.Since(begin), name)
			cancel()
			here.Close()
			there.Close()
		}
	})
}

func TestRefusedBridgeIsNoRefusedPeer(t *testing.T) {
	b, err := newBridge("Address", "127.0.0.1:1", func(context.Context, string, string) (net.Conn, error) {
		return nil, &net.OpError{Op: "dial", Err: syscall.ECONNREFUSED}
	})
	require.NoError(t, err)
	_, _, err = b.open(t.Context())
	assert.ErrorIs(t, err, dialer.ErrRouterDown)
	assert.False(t, errors.Is(err, syscall.ECONNREFUSED))
	assert.Contains(t, err.Error(), "127.0.0.1:1")
}
