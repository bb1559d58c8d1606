package socks

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"syscall"
	"testing"

	"github.com/go-i2p/i2psocks/socks/internal/wire"
	"github.com/stretchr/testify/assert"
)

type timeoutError struct{ timeout bool }

func (e timeoutError) Error() string { return "connection refused by a timeout" }
func (e timeoutError) Timeout() bool { return e.timeout }

func TestReplyFor(t *testing.T) {
	op := func(err error) error { return &net.OpError{Op: "dial", Net: "i2p", Err: err} }
	for _, tc := range []struct {
		err     error
		literal bool
		want    Reply
	}{
		{errors.New("anything"), false, GeneralFailure},
		{errors.New("connection refused"), false, GeneralFailure}, // texts mean nothing
		{context.Canceled, false, GeneralFailure},
		{ErrServerClosed, false, GeneralFailure},
		{fs.ErrPermission, false, GeneralFailure}, // a local EACCES is not our policy
		{op(context.DeadlineExceeded), false, TTLExpired},
		{fmt.Errorf("x: %w", os.ErrDeadlineExceeded), false, TTLExpired},
		{op(fmt.Errorf("x: %w", context.DeadlineExceeded)), false, TTLExpired},
		{op(timeoutError{true}), false, TTLExpired},
		{op(timeoutError{false}), false, GeneralFailure},
		{op(syscall.ETIMEDOUT), false, TTLExpired},
		{op(os.NewSyscallError("connect", syscall.ECONNREFUSED)), false, ConnectionRefused},
		{op(syscall.EHOSTUNREACH), false, HostUnreachable},
		{op(&net.DNSError{IsNotFound: true}), false, HostUnreachable},
		{op(&net.DNSError{IsTimeout: true}), false, TTLExpired},
		{op(&net.DNSError{}), false, GeneralFailure},
		{op(syscall.ENETUNREACH), false, NetworkUnreachable},
		{op(errors.ErrUnsupported), false, NotAllowed},
		{op(errors.ErrUnsupported), true, AddressNotSupported},
		{op(&ReplyError{Reply: ConnectionRefused, Err: context.DeadlineExceeded}), false, ConnectionRefused},
		{&ReplyError{Reply: Succeeded}, false, GeneralFailure},
		{&ReplyError{Reply: 0x09}, false, GeneralFailure},
		{&ReplyError{Reply: 0xF0}, false, HostUnreachable},
		{&ReplyError{Reply: 0xF2}, false, ConnectionRefused},
		{&ReplyError{Reply: 0xF6}, false, HostUnreachable},
		{&ReplyError{Reply: 0xF7}, false, TTLExpired},
		{&ReplyError{Reply: 0xFF}, false, GeneralFailure},
	} {
		assert.Equal(t, tc.want, new(Server).reply(tc.err, tc.literal), "%v, literal %v", tc.err, tc.literal)
	}
}

// What a Dialer reports must come out of the next server unchanged.
func TestReplyErrorKeepsItsCodeAndMeaning(t *testing.T) {
	for reply, std := range map[Reply]error{
		NotAllowed:          fs.ErrPermission,
		NetworkUnreachable:  syscall.ENETUNREACH,
		HostUnreachable:     syscall.EHOSTUNREACH,
		ConnectionRefused:   syscall.ECONNREFUSED,
		TTLExpired:          os.ErrDeadlineExceeded,
		CommandNotSupported: errors.ErrUnsupported,
		AddressNotSupported: errors.ErrUnsupported,
	} {
		err := error(&net.OpError{Op: "dial", Err: &ReplyError{Reply: reply}})
		assert.ErrorIs(t, err, std)
		assert.Equal(t, reply, new(Server).reply(err, false))
		assert.Equal(t, reply == TTLExpired, err.(net.Error).Timeout(), reply)
	}
	assert.NotErrorIs(t, &ReplyError{Reply: GeneralFailure}, syscall.ECONNREFUSED)
}

func TestReplyMessages(t *testing.T) {
	assert.Equal(t, "\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00", string(successMessage(SOCKS5, wire.Addr{})))
	assert.Equal(t, "\x05\x06\x00\x01\x00\x00\x00\x00\x00\x00", string(failureMessage(SOCKS5, TTLExpired)))
	for _, v := range []Version{SOCKS4, SOCKS4a} {
		assert.Equal(t, "\x00\x5a\x00\x00\x00\x00\x00\x00", string(successMessage(v, wire.Addr{})))
		assert.Equal(t, "\x00\x5b\x00\x00\x00\x00\x00\x00", string(failureMessage(v, TTLExpired)))
	}
}

func TestReplyText(t *testing.T) {
	for r := Succeeded; r <= AddressNotSupported; r++ {
		assert.NotContains(t, r.String(), "reply")
	}
	for r := DescriptorNotFound; r <= IntroductionTimedOut; r++ {
		assert.NotContains(t, r.String(), "reply")
	}
	assert.Equal(t, "reply 0xf8", Reply(0xF8).String())
	assert.Equal(t, "socks: host unreachable", (&ReplyError{Reply: HostUnreachable}).Error())
	assert.Equal(t, "socks: host unreachable: why", (&ReplyError{HostUnreachable, errors.New("why")}).Error())
}

func TestExtendedErrors(t *testing.T) {
	for r := Reply(0); r < 0xFF; r++ {
		plain, extended := new(Server), &Server{ExtendedErrors: true}
		err := fmt.Errorf("dial: %w", &ReplyError{Reply: r})
		assert.LessOrEqual(t, plain.reply(err, false), AddressNotSupported, "%v", r)
		assert.NotEqual(t, Succeeded, plain.reply(err, false), "%v", r)
		want := plain.reply(err, false)
		if r >= 0xF0 && r <= 0xF7 {
			want = r
		}
		assert.Equal(t, want, extended.reply(err, false), "%v", r)
	}
	for r, std := range map[Reply]error{
		DescriptorNotFound: syscall.EHOSTUNREACH, IntroductionFailed: syscall.ECONNREFUSED,
		BadAddress: syscall.EHOSTUNREACH, IntroductionTimedOut: os.ErrDeadlineExceeded,
	} {
		assert.ErrorIs(t, &ReplyError{Reply: r}, std)
		assert.Equal(t, r == IntroductionTimedOut, (&ReplyError{Reply: r}).Timeout())
	}
}

func TestReplyForComesFirst(t *testing.T) {
	known := errors.New("lease set not found")
	srv := &Server{ExtendedErrors: true, ReplyFor: func(err error) Reply {
		if errors.Is(err, known) {
			return DescriptorNotFound
		}
		return Succeeded // no opinion
	}}
	both := errors.Join(syscall.ECONNREFUSED, known)
	assert.Equal(t, DescriptorNotFound, srv.reply(both, false))
	assert.Equal(t, ConnectionRefused, srv.reply(syscall.ECONNREFUSED, false))
	srv.ExtendedErrors = false
	assert.Equal(t, HostUnreachable, srv.reply(both, false))
	srv.ReplyFor = func(error) Reply { return 0x42 }
	assert.Equal(t, GeneralFailure, srv.reply(both, false), "nobody knows that code")
}
