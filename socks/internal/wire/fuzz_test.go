package wire

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// FuzzHandshake cuts the input at random places. The cuts must not matter, and
// what is accepted must be what the encoder writes.
func FuzzHandshake(f *testing.F) {
	for _, v := range vectors(f, "handshake.txt", 6) {
		f.Add(unhex(f, v[2]), []byte{1, 3, 0, 7}, v[1] == "required")
	}
	f.Fuzz(func(t *testing.T, in, cuts []byte, auth bool) {
		var chunks [][]byte
		for rest := in; len(rest) > 0; {
			n := len(rest)
			if len(cuts) > 0 {
				n, cuts = min(n, 1+int(cuts[0])), cuts[1:]
			}
			chunks = append(chunks, rest[:n])
			rest = rest[n:]
		}
		want := run(auth, bytes.Clone(in))
		assert.Equal(t, want, run(auth, chunks...))
		assert.Equal(t, want, run(auth, bytewise(in)...))
	})
}

// FuzzCodec checks that what is decoded is encoded to the same bytes.
func FuzzCodec(f *testing.F) {
	for _, v := range vectors(f, "handshake.txt", 6) {
		f.Add(unhex(f, v[2]))
	}
	for _, v := range vectors(f, "replies.txt", 4) {
		f.Add(unhex(f, v[2]))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		same := func(n int, err error, encode func() ([]byte, error)) {
			if err != nil || n > len(in) {
				return
			}
			b, err := encode()
			require.NoError(t, err)
			assert.Equal(t, in[:n], b)
		}
		cmd, a, n, err := ConsumeRequest5(in)
		same(n, err, func() ([]byte, error) { return AppendRequest5(nil, cmd, a) })
		user, pass, n, err := ConsumeUserPass(in)
		same(n, err, func() ([]byte, error) { return AppendUserPass(nil, user, pass) })
		methods, n, err := ConsumeGreeting(in)
		same(n, err, func() ([]byte, error) { return AppendGreeting(nil, methods...), nil })
		if cmd, user, a, n, err := ConsumeRequest4(in); err == nil && n <= len(in) {
			b, err := AppendRequest4(nil, cmd, user, a)
			require.NoError(t, err)
			cmd2, user2, a2, n2, err := ConsumeRequest4(b) // the x of 0.0.0.x is not kept
			require.NoError(t, err)
			assert.Equal(t, []any{cmd, user, a, n}, []any{cmd2, user2, a2, n2})
		}
		method, n, err := ConsumeMethod(in)
		same(n, err, func() ([]byte, error) { return AppendMethod(nil, method), nil })
		code, bound, n, err := ConsumeReply4(in)
		same(n, err, func() ([]byte, error) { return AppendReply4(nil, code, bound), nil })
		if ok, n, err := ConsumeUserPassStatus(in); err == nil && n <= len(in) {
			assert.Equal(t, in[1] == 0, ok)
		}
		if rep, bound, n, err := ConsumeReply5(in); err == nil && (bound != Addr{Port: bound.Port}) {
			same(n, err, func() ([]byte, error) { return AppendReply5(nil, rep, bound) })
		}
		for _, codec := range []string{"method", "status", "reply5", "reply4"} {
			_, n, err := consume(codec, in)
			if err != nil || n > len(in) {
				continue
			}
			for i := range n { // a caller that reads up to more never reads behind the message
				_, more, err := consume(codec, in[:i])
				assert.NoError(t, err, codec)
				assert.True(t, i < more && more <= n, "%s: %d of %d bytes ask for %d", codec, i, n, more)
			}
		}
	})
}

// FuzzDatagram checks that a header is read whole or not at all, and encoded to the same bytes.
func FuzzDatagram(f *testing.F) {
	for _, v := range vectors(f, "datagrams.txt", 3) {
		f.Add(unhex(f, v[1]))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		frag, addr, data, err := ConsumeDatagram(in)
		if err != nil {
			assert.Nil(t, addr)
			assert.Nil(t, data)
			return
		}
		a, n, err := ConsumeAddr(addr)
		require.NoError(t, err)
		assert.Equal(t, len(addr), n)
		b, err := AppendDatagramHeader(nil, a)
		require.NoError(t, err)
		assert.LessOrEqual(t, len(b), MaxDatagramHeader)
		b[2] = frag
		assert.Equal(t, in, append(b, data...))
	})
}
