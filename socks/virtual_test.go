package socks

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVirtualTableForgetsTheOldest(t *testing.T) {
	table := newVirtualTable(netip.MustParsePrefix("10.0.0.0/8"))
	table.room = 16
	var first netip.Addr
	for i := range 100 {
		ip, err := table.address(virtualHost{"u", fmt.Sprint(i)})
		require.NoError(t, err)
		assert.True(t, table.contains(ip))
		if i == 0 {
			first = ip
		}
		if i < 50 { // in use, and so kept
			host, ok := table.host("u", first)
			require.True(t, ok)
			assert.Equal(t, "0", host)
		}
	}
	assert.Equal(t, 8, table.order.Len(), "half, as it is one user")
	assert.Len(t, table.hosts, 8)
	assert.Len(t, table.ips, 8)
	assert.Equal(t, map[string]int{"u": 8}, table.users)
}

// Whatever is asked, an address that a program remembers leads to the host that it was given for, or nowhere. A prefix of
// few addresses is used up in the end.
func TestVirtualAddressesNeverLie(t *testing.T) {
	for prefix, room := range map[string]int{"10.1.2.0/29": 8192, "10.1.0.0/24": 16, "10.0.0.0/16": 64, "fd00::/96": 16} {
		t.Run(prefix, func(t *testing.T) {
			table := newVirtualTable(netip.MustParsePrefix(prefix))
			table.room = min(table.room, room)
			type memory struct {
				user string
				ip   netip.Addr
			}
			remembered := make(map[memory]string)
			refused := 0
			for range 5000 {
				user, host := fmt.Sprint(rand.IntN(4)), fmt.Sprint(rand.IntN(500))
				ip, err := table.address(virtualHost{user, host})
				if err != nil {
					refused++
					continue
				}
				was, known := remembered[memory{user, ip}]
				require.True(t, !known || was == host, "%s meant %s and means %s", ip, was, host)
				remembered[memory{user, ip}] = host
			}
			for m, host := range remembered {
				if now, ok := table.host(m.user, m.ip); ok {
					require.Equal(t, host, now)
				}
				for other := range 4 {
					if now, ok := table.host(fmt.Sprint(other), m.ip); ok {
						require.Equal(t, m.user, fmt.Sprint(other), "%s of another user is %s", m.ip, now)
					}
				}
			}
			assert.Equal(t, table.prefix.Addr().BitLen()-table.prefix.Bits() < 16, refused > 0)
			assert.LessOrEqual(t, table.order.Len(), table.room)
		})
	}
}

// One user does not drive out what another has in use.
func TestVirtualTableIsShared(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := newVirtualTable(netip.MustParsePrefix("10.0.0.0/8"))
		table.room = 32
		mine, err := table.address(virtualHost{"quiet", "a.i2p"})
		require.NoError(t, err)
		flood := func(from string) {
			for i := range 1000 {
				_, err := table.address(virtualHost{"busy", from + fmt.Sprint(i)})
				require.NoError(t, err)
			}
		}
		flood("a")
		host, ok := table.host("quiet", mine)
		assert.True(t, ok)
		assert.Equal(t, "a.i2p", host)
		time.Sleep(2 * staleVirtual)
		flood("b")
		_, ok = table.host("quiet", mine)
		assert.False(t, ok, "what nobody uses is not kept for ever")
		for i := range 40 { // who comes late finds something
			_, err := table.address(virtualHost{fmt.Sprint("late", i), "a.i2p"})
			require.NoError(t, err)
		}
		assert.LessOrEqual(t, table.order.Len(), 32)
	})
}

func TestVirtualTableEdges(t *testing.T) {
	assert.Nil(t, newVirtualTable(netip.Prefix{}))
	assert.False(t, newVirtualTable(netip.Prefix{}).contains(netip.MustParseAddr("10.0.0.1")))
	for prefix, room := range map[string]int{
		"10.0.0.0/32": 0, "10.0.0.0/31": 0, "10.0.0.0/30": 2, "10.0.0.0/29": 6, "10.0.0.0/8": maxVirtual, "0.0.0.0/0": maxVirtual,
		"fd00::/127": 0, "fd00::/126": 2, "fd00::/8": maxVirtual, "::/0": maxVirtual,
	} {
		table := newVirtualTable(netip.MustParsePrefix(prefix))
		assert.Equal(t, room, table.room, prefix)
		got := make(map[netip.Addr]bool)
		for i := range min(room, 10) {
			ip, err := table.address(virtualHost{"u", fmt.Sprint(i)})
			require.NoError(t, err, prefix)
			assert.True(t, table.contains(ip))
			assert.NotEqual(t, table.prefix.Addr(), ip)
			got[ip] = true
		}
		assert.Len(t, got, min(room, 10))
		if room < 10 {
			_, err := table.address(virtualHost{"u", "one more"})
			assert.ErrorIs(t, err, errNoVirtual, prefix)
		}
	}
	table := newVirtualTable(netip.MustParsePrefix("10.0.0.0/8"))
	ip, _ := table.address(virtualHost{"u", "a.i2p"})
	_, ok := table.host("v", ip)
	assert.False(t, ok, "of another user")
	host, ok := table.host("u", netip.AddrFrom16(ip.As16()))
	assert.True(t, ok, "written as IPv6")
	assert.Equal(t, "a.i2p", host)
}

// TestScatter: of any number of bits all numbers come but the first and the last, in no order.
func TestScatter(t *testing.T) {
	for bits := range 12 {
		s := newScatter(bits)
		seen := make(map[uint64]bool)
		var before uint64
		ups := 0
		for {
			n, ok := s.next()
			if !ok {
				break
			}
			require.False(t, seen[n])
			require.True(t, n > 0 && n < 1<<bits-1)
			if n == before+1 {
				ups++
			}
			seen[n], before = true, n
		}
		assert.Len(t, seen, max(1<<bits, 2)-2, "%d bits", bits)
		if bits > 8 {
			assert.Less(t, ups, len(seen)/10, "they do not follow one another")
		}
		_, ok := s.next()
		assert.False(t, ok)
	}
	wide, seen := newScatter(128), make(map[uint64]bool)
	for range 10_000 {
		n, ok := wide.next()
		require.True(t, ok)
		require.False(t, seen[n])
		seen[n] = true
	}
}
