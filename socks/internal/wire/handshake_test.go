package wire

import (
	"bytes"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHandshakeVectors(t *testing.T) {
	for _, v := range vectors(t, "handshake.txt", 6) {
		t.Run(v[0], func(t *testing.T) {
			auth, in := v[1] == "required", unhex(t, v[2])
			want := outcome{sent: unhex(t, v[3]), result: v[4], rest: unhex(t, v[5])}
			assert.Equal(t, want, run(auth, in), "at once")
			assert.Equal(t, want, run(auth, bytewise(in)...), "byte by byte")
			for i := range in {
				assert.Equal(t, want, run(auth, in[:i], in[i:]), "cut at %d", i)
			}
		})
	}
}

// A wrong answer to a message that is not complete yet has happened to others.
func TestStrictPrefixNeedsMore(t *testing.T) {
	for _, v := range vectors(t, "handshake.txt", 6) {
		in, want := unhex(t, v[2]), unhex(t, v[3])
		in = in[:len(in)-len(unhex(t, v[5]))]
		for i := range in {
			got := run(v[1] == "required", in[:i])
			assert.True(t, bytes.HasPrefix(want, got.sent), "%s, %d bytes: sent % x", v[0], i, got.sent)
			if got.result != "" {
				// A verdict on the first bytes is final, whatever follows.
				assert.Equal(t, v[4], got.result, "%s, %d bytes", v[0], i)
				assert.NotContains(t, got.result, `"`, "%s, %d bytes: complete too early", v[0], i)
			}
		}
	}
}

func TestLengthsAtTheEdge(t *testing.T) {
	for _, n := range []int{0, 1, 3, 4, 254, 255} {
		s := strings.Repeat("x", n)
		methods := bytes.Repeat([]byte{MethodUserPass}, n)
		if n == 0 {
			methods = []byte{MethodUserPass}
		}
		host := s + "h"
		if len(host) > 255 {
			host = s
		}
		in := AppendGreeting(nil, methods...)
		in, err := AppendUserPass(in, s, s)
		require.NoError(t, err)
		in, err = AppendRequest5(in, CmdConnect, Addr{Name: host, Port: 1})
		require.NoError(t, err)
		want := (&Request{Version: 5, Command: CmdConnect, Addr: Addr{Name: host, Port: 1}, Username: s, Password: s}).text()
		assert.Equal(t, want, run(false, in).result, "%d", n)
		assert.Equal(t, want, run(false, bytewise(in)...).result, "%d", n)
	}
	long := strings.Repeat("x", 256)
	_, err := AppendUserPass(nil, long, "")
	assert.ErrorIs(t, err, ErrTooLong)
	_, err = AppendUserPass(nil, "", long)
	assert.ErrorIs(t, err, ErrTooLong)
	_, err = AppendRequest5(nil, CmdConnect, Addr{Name: long})
	assert.ErrorIs(t, err, ErrTooLong)
}

// A user ID without end was read for ever by others.
func TestSocks4IsBounded(t *testing.T) {
	head := []byte{4, 1, 0, 80, 0, 0, 0, 1}
	refused := AppendReply4(nil, Rejected4, Addr{})
	for name, fill := range map[string][]byte{"userid": nil, "host": {'u', 0}} {
		in := append(bytes.Clone(head), fill...)
		full := append(bytes.Clone(in), bytes.Repeat([]byte{'a'}, MaxHandshake-len(in))...)
		assert.Empty(t, run(false, full[:MaxHandshake-1]).result, name)
		got := run(false, append(full, "more"...))
		assert.Equal(t, outcome{sent: refused, result: ErrTooLong.Error(), rest: []byte{}}, got, name)
	}
	dest := strings.Repeat("A", 524)
	in, err := AppendRequest4(nil, CmdConnect, "user:password", Addr{Name: dest, Port: 80})
	require.NoError(t, err)
	assert.Contains(t, run(false, in).result, dest)
}

func TestFinalStepsStay(t *testing.T) {
	h := Handshake{}
	h.Feed(copy(h.Space(), "\x04\x01\x00\x50\x01\x02\x03\x04\x00rest"))
	assert.Equal(t, Done, h.Next().Kind)
	assert.Equal(t, Done, h.Next().Kind)
	assert.Equal(t, "rest", string(h.Rest()))

	h = Handshake{RequireAuth: true}
	h.Feed(copy(h.Space(), "\x05\x01\x00\x05\x01\x00"))
	first := h.Next()
	assert.Equal(t, Fail, first.Kind)
	assert.Equal(t, first, h.Next())

	h = Handshake{RequireAuth: true}
	h.Feed(copy(h.Space(), "\x04\x01\x00\x50\x01\x02\x03\x04\x00"))
	assert.Equal(t, Verify, h.Next().Kind)
	assert.Equal(t, Verify, h.Next().Kind, "there is no way around the verdict")
}

func TestHandshakeAllocations(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector allocates")
	}
	in := AppendGreeting(nil, MethodNone, MethodUserPass)
	in, _ = AppendUserPass(in, "user", "password")
	in, _ = AppendRequest5(in, CmdConnect, Addr{Name: "example.i2p", Port: 80})
	chunks := bytewise(in)
	var sink *Handshake
	n := testing.AllocsPerRun(100, func() {
		h := new(Handshake)
		sink = h
		feed := chunks
		for st := h.Next(); st.Kind != Done; st = h.Next() {
			if st.Kind == NeedMore {
				h.Feed(copy(h.Space(), feed[0]))
				feed = feed[1:]
			}
		}
	})
	assert.Equal(t, "example.i2p", sink.req.Addr.Name)
	assert.LessOrEqual(t, n, 5.0)
}

func BenchmarkHandshake(b *testing.B) {
	in := AppendGreeting(nil, MethodNone)
	in, _ = AppendRequest5(in, CmdConnect, Addr{Name: "example.i2p", Port: 80})
	b.ReportAllocs()
	for b.Loop() {
		h := new(Handshake)
		h.Feed(copy(h.Space(), in))
		for h.Next().Kind != Done {
		}
	}
}
