package wire

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// consume reads one message of the named codec and prints it.
func consume(codec string, b []byte) (text string, n int, err error) {
	switch codec {
	case "method":
		m, n, err := ConsumeMethod(b)
		return fmt.Sprintf("%02x", m), n, err
	case "status":
		ok, n, err := ConsumeUserPassStatus(b)
		return fmt.Sprint(ok), n, err
	case "reply5":
		rep, a, n, err := ConsumeReply5(b)
		return fmt.Sprintf("%02x %s", rep, a.text()), n, err
	case "reply4":
		code, a, n, err := ConsumeReply4(b)
		return fmt.Sprintf("%02x %s", code, a.text()), n, err
	}
	panic(codec)
}

func TestReplyVectors(t *testing.T) {
	for _, v := range vectors(t, "replies.txt", 4) {
		t.Run(v[1]+" "+v[0], func(t *testing.T) {
			b := unhex(t, v[2])
			got, n, err := consume(v[1], append(b, "behind"...))
			if err != nil {
				assert.Equal(t, v[3], err.Error())
				return
			}
			assert.Equal(t, v[3], got)
			assert.Equal(t, len(b), n)
			for i := range b {
				_, n, err := consume(v[1], b[:i])
				require.NoError(t, err)
				assert.Greater(t, n, i, "prefix of %d", i)
				assert.LessOrEqual(t, n, len(b), "prefix of %d asks for bytes behind the message", i)
			}
		})
	}
}

func TestAppendRequest4(t *testing.T) {
	name := Addr{Name: "a.i2p", Port: 80}
	for what, tc := range map[string]struct {
		user string
		addr Addr
		err  error
	}{
		"ipv6":          {"", Addr{IP: netip.MustParseAddr("::1")}, ErrAddrType},
		"looks like 4a": {"", Addr{IP: netip.MustParseAddr("0.0.0.9")}, ErrMalformed},
		"nul in user":   {"a\x00b", name, ErrMalformed},
		"nul in name":   {"", Addr{Name: "a.i2p\x00.com"}, ErrMalformed},
		"no host":       {"", Addr{}, ErrEmptyName},
	} {
		b, err := AppendRequest4([]byte("x"), CmdConnect, tc.user, tc.addr)
		assert.ErrorIs(t, err, tc.err, what)
		assert.Equal(t, "x", string(b), what)
	}
}
