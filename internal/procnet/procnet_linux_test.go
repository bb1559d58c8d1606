package procnet

import (
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestEachFindsOwnSockets(t *testing.T) {
	for network, host := range map[string]string{"tcp4": "127.0.0.1", "tcp6": "::1", "tcp": "127.0.0.1"} {
		t.Run(network, func(t *testing.T) {
			listen := net.JoinHostPort(host, "0")
			if network == "tcp" {
				listen = ":0" // an IPv6 socket that takes IPv4 too
			}
			ln, err := net.Listen(network, listen)
			if err != nil && network == "tcp6" {
				t.Skip("no IPv6 here: ", err)
			}
			require.NoError(t, err)
			defer ln.Close()
			port := ln.Addr().(*net.TCPAddr).AddrPort().Port()
			client, err := net.Dial("tcp", netip.AddrPortFrom(netip.MustParseAddr(host), port).String())
			require.NoError(t, err)
			defer client.Close()
			server, err := ln.Accept()
			require.NoError(t, err)
			defer server.Close()

			local := client.RemoteAddr().(*net.TCPAddr).AddrPort()
			var listening, accepted bool
			require.NoError(t, Each(Own, func(s Socket) bool {
				if s.Local.Port() == port && s.State == Listen {
					listening = true
					assert.NotZero(t, s.Inode)
				}
				if s.Local == local && s.Remote == client.LocalAddr().(*net.TCPAddr).AddrPort() {
					accepted = true
					assert.EqualValues(t, os.Geteuid(), s.UID)
					assert.NotZero(t, s.Inode)
					assert.EqualValues(t, 1, s.State, "established")
				}
				return true
			}))
			assert.True(t, listening)
			assert.True(t, accepted)
		})
	}
}

func TestEachEnds(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer ln.Close()
	calls := 0
	require.NoError(t, Each(Own, func(Socket) bool { calls++; return false }))
	assert.Equal(t, 1, calls)
	assert.ErrorIs(t, Each(t.TempDir(), func(Socket) bool { return true }), os.ErrNotExist)

	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "tcp6"), []byte(row6), 0o600))
	calls = 0
	require.NoError(t, Each(dir, func(Socket) bool { calls++; return true }))
	assert.Equal(t, 1, calls, "one table is enough")
}

const (
	row4 = "   0: 0100007F:1DE8 0200007F:C350 01 00000000:00000000 00:00000000 00000000  1000        0 4711 1 0000000000000000 20 4 30 10 -1\n"
	row6 = "   1: 0000000000000000FFFF00000100007F:1DE8 00000000000000000000000001000000:0001 0A 00000000:00000000 00:00000000 00000000 4294967295 0 0\n"
)

func TestParse(t *testing.T) {
	if !littleEndian() {
		t.Skip("the rows are of a little-endian machine")
	}
	s, ok := parse(row4)
	assert.True(t, ok)
	assert.Equal(t, Socket{netip.MustParseAddrPort("127.0.0.1:7656"), netip.MustParseAddrPort("127.0.0.2:50000"), 1, 1000, 4711}, s)
	s, ok = parse(row6)
	assert.True(t, ok)
	assert.Equal(t, Socket{netip.MustParseAddrPort("127.0.0.1:7656"), netip.MustParseAddrPort("[::1]:1"), Listen, 1<<32 - 1, 0}, s)
	for _, bad := range []string{
		"", "  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode",
		strings.Replace(row4, "0100007F:", "01007F:", 1), strings.Replace(row4, ":1DE8", ":11DE8", 1), strings.Replace(row4, ":1DE8", "", 1),
		strings.Replace(row4, " 01 ", " 101 ", 1), strings.Replace(row4, "1000", "-1", 1), strings.Replace(row4, "4711", "x", 1),
	} {
		_, ok := parse(bad)
		assert.False(t, ok, bad)
	}
}

func littleEndian() bool {
	a, _ := address("0100007F:0000")
	return a.Addr() == netip.AddrFrom4([4]byte{127, 0, 0, 1})
}

func FuzzParse(f *testing.F) {
	f.Add(row4)
	f.Add(row6)
	f.Fuzz(func(t *testing.T, line string) {
		if s, ok := parse(line); ok {
			assert.True(t, s.Local.IsValid() && s.Remote.IsValid())
			assert.False(t, s.Local.Addr().Is4In6())
		}
	})
}
