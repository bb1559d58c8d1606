package socks_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"

	"github.com/go-i2p/i2psocks/socks"
	"github.com/go-i2p/i2psocks/socks/sockstest"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func hexOf(s string) string { return fmt.Sprintf("%x", s) }

func TestResolveAnswers(t *testing.T) {
	v4, v6 := netip.MustParsePrefix("127.192.0.0/10"), netip.MustParsePrefix("fd12:3456::/32")
	for name, tc := range map[string]struct {
		backend proxyDialer
		virtual netip.Prefix
		in, out string
	}{
		"5 name":          {newNode(), netip.Prefix{}, greetNone + "05 f0 00" + name5("Friend.i2p", 0), choseNone + okName(friendB32, 0)},
		"5 b32":           {newNode(), netip.Prefix{}, greetNone + "05 f0 00" + name5(strangerB32, 80), choseNone + okName(strangerB32, 0)},
		"5 unknown":       {newNode(), netip.Prefix{}, greetNone + "05 f0 00" + name5("nobody.i2p", 0), choseNone + failed(4)},
		"5 unknown, v4":   {newNode(), v4, greetNone + "05 f0 00" + name5("nobody.i2p", 0), choseNone + failed(4)},
		"5 outside":       {newNode(), v4, greetNone + "05 f0 00" + name5("example.com", 0), choseNone + failed(2)},
		"5 ip":            {newNode(), v4, greetNone + "05 f0 00 01 01 02 03 04 00 00", choseNone + failed(8)},
		"5 no resolver":   {never(t), v4, greetNone + "05 f0 00" + name5("friend.i2p", 0), choseNone + failed(7)},
		"4a without v4":   {newNode(), netip.Prefix{}, "04 f0 00 00 00 00 00 01 00" + hexOf("friend.i2p") + "00", rejected},
		"4a with v6 only": {newNode(), v6, "04 f0 00 00 00 00 00 01 00" + hexOf("friend.i2p") + "00", rejected},
		"5 ptr off":       {newNode(), netip.Prefix{}, greetNone + "05 f1 00 01 7f c0 00 01 00 00", choseNone + failed(7)},
		"5 ptr unknown":   {newNode(), v4, greetNone + "05 f1 00 01 7f c0 00 01 00 00", choseNone + failed(4)},
		"5 ptr other":     {newNode(), v4, greetNone + "05 f1 00 01 08 08 08 08 00 00", choseNone + failed(8)},
		"5 ptr name":      {newNode(), v4, greetNone + "05 f1 00" + name5("friend.i2p", 0), choseNone + failed(8)},
		"5 tiny prefix":   {newNode(), netip.MustParsePrefix("10.0.0.0/31"), greetNone + "05 f0 00" + name5("friend.i2p", 0), choseNone + failed(1)},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				c := sockstest.Start(t, &socks.Server{Dialer: tc.backend, VirtualAddresses: tc.virtual}).Client()
				c.Send(tc.in)
				c.Expect(tc.out)
				c.ExpectEnd()
			})
		})
	}
}

// An address that RESOLVE gave leads to its host, in every version and for its user only.
func TestVirtualAddressesLeadBack(t *testing.T) {
	for _, prefix := range []string{"127.192.0.0/10", "fd12:3456::/32", "::ffff:10.0.0.0/104"} {
		t.Run(prefix, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := netip.MustParsePrefix(prefix)
				var asked []string
				backend := &spy{node: newNode(), asked: &asked}
				srv := sockstest.Start(t, &socks.Server{Dialer: backend, VirtualAddresses: p})
				d := srv.Dialer("alice", "")
				text, err := d.Resolve(t.Context(), "Friend.i2p")
				require.NoError(t, err)
				ip, err := netip.ParseAddr(text)
				require.NoError(t, err)
				assert.True(t, p.Contains(ip) || p.Contains(netip.AddrFrom16(ip.As16())), "%s", ip)
				again, err := d.Resolve(t.Context(), "friend.i2p")
				require.NoError(t, err)
				assert.Equal(t, text, again)

				dialers := []*socks.Dialer{d}
				if ip.Is4() {
					four := *d
					four.Version = socks.SOCKS4
					dialers = append(dialers, &four)
				}
				for _, d := range dialers {
					conn, err := d.Dial("tcp", netip.AddrPortFrom(ip, 80).String())
					require.NoError(t, err)
					relayed(t, conn)
					conn.Close()
				}
				for _, address := range asked {
					assert.Equal(t, "friend.i2p:80", address)
				}
				assert.Len(t, asked, len(dialers))

				named := srv.Client() // as torsocks does
				named.Send("05 01 02 01 05 61 6c 69 63 65 00" + "05 01 00" + name5(text, 80))
				named.Expect("05 02 01 00" + succeeded)
				assert.Equal(t, "friend.i2p:80", asked[len(asked)-1])

				c := srv.Client()
				c.Send("05 01 02 01 05 61 6c 69 63 65 00 05 f1 00" + ipHex(ip) + "00 00")
				c.Expect("05 02 01 00" + okName("friend.i2p", 0))

				_, err = srv.Dialer("bob", "").Dial("tcp", netip.AddrPortFrom(ip, 80).String())
				reply, ok := errors.AsType[*socks.ReplyError](err)
				require.True(t, ok, "what alice resolved is nothing to bob")
				assert.Equal(t, socks.HostUnreachable, reply.Reply)
				bobs, err := srv.Dialer("bob", "").Resolve(t.Context(), "friend.i2p")
				require.NoError(t, err)
				assert.NotEqual(t, text, bobs)
			})
		})
	}
}

// spy notes what is dialled.
type spy struct {
	*node
	asked *[]string
}

func (s *spy) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	*s.asked = append(*s.asked, address)
	return s.node.DialContext(ctx, network, address)
}

func ipHex(ip netip.Addr) string {
	if ip.Is4() {
		return fmt.Sprintf("01 %x", ip.AsSlice())
	}
	return fmt.Sprintf("04 %x", ip.AsSlice())
}

func TestDialerResolve(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		srv := sockstest.Start(t, &socks.Server{Dialer: newNode()})
		name, err := srv.Dialer("", "").Resolve(t.Context(), "friend.i2p")
		require.NoError(t, err)
		assert.Equal(t, friendB32, name)
		_, err = srv.Dialer("", "").Resolve(t.Context(), "nobody.i2p")
		assert.Error(t, err)
		_, err = (&socks.Dialer{Forward: never(t)}).Resolve(t.Context(), "")
		assert.Error(t, err)

		four := sockstest.Start(t, &socks.Server{Dialer: newNode(), VirtualAddresses: netip.MustParsePrefix("10.0.0.0/8")}).Dialer("", "")
		four.Version = socks.SOCKS4a
		text, err := four.Resolve(t.Context(), "friend.i2p")
		require.NoError(t, err)
		assert.True(t, netip.MustParsePrefix("10.0.0.0/8").Contains(netip.MustParseAddr(text)))
	})
}
