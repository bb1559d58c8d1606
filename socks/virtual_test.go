package socks

import (
	"fmt"
	"net/netip"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestVirtualTableForgetsTheOldest(t *testing.T) {
	table := newVirtualTable(netip.MustParsePrefix("10.1.2.0/28")) // room for 8
	var first, second netip.Addr
	for i := range 100 {
		ip, ok := table.address(virtualHost{"u", fmt.Sprint(i)})
		require.True(t, ok)
		assert.True(t, table.contains(ip))
		assert.NotContains(t, []string{"10.1.2.0", "10.1.2.15"}, ip.String())
		switch i {
		case 0:
			first = ip
		case 1:
			second = ip
		}
		if i < 50 { // in use, and so kept
			host, ok := table.host("u", first)
			require.True(t, ok)
			assert.Equal(t, "0", host)
		}
		if i == 8 {
			host, _ := table.host("u", second)
			assert.NotEqual(t, "1", host, "the address may have been given again, but not to the same host")
		}
	}
	assert.Equal(t, 8, table.order.Len())
	assert.Len(t, table.hosts, 8)
	assert.Len(t, table.ips, 8)
}

func TestVirtualTableEdges(t *testing.T) {
	assert.Nil(t, newVirtualTable(netip.Prefix{}))
	assert.False(t, newVirtualTable(netip.Prefix{}).contains(netip.MustParseAddr("10.0.0.1")))
	for prefix, room := range map[string]int{
		"10.0.0.0/32": 0, "10.0.0.0/31": 0, "10.0.0.0/30": 2, "10.0.0.0/8": maxVirtual, "0.0.0.0/0": maxVirtual,
		"fd00::/127": 0, "fd00::/126": 2, "fd00::/8": maxVirtual, "::/0": maxVirtual,
	} {
		table := newVirtualTable(netip.MustParsePrefix(prefix))
		assert.Equal(t, room, table.room(), prefix)
		for i := range room + 1 {
			_, ok := table.address(virtualHost{"u", fmt.Sprint(i)})
			require.Equal(t, room > 0, ok, prefix)
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
